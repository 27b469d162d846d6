// A user's first script: it imports mod.ts by URL, from an empty folder without any configuration.
import { assertEquals, assertGreater, assertLess } from "@std/assert";

const root = new URL("../", import.meta.url);

/** A script that trains one step on MNIST, on the CPU where there is no adapter. */
const script = (modUrl: string): string => `
import { data, DeviceError, fit, key, lenet5, mnist, report, start, takeExamples } from "${modUrl}";

const device = await start().catch((error: unknown) => {
  if (error instanceof DeviceError && error.kind === "missing") return start({ backend: "cpu" });
  throw error;
});
const { train } = await mnist();
const options = { batchSize: 64, key: key(3) };
for await (const { loss, accuracy, seconds } of fit(lenet5(), takeExamples(train, 64), options)) {
  const { backend } = device;
  const record = { epoch: 1, loss, accuracy, seconds, learningRate: 0.001 };
  const svg = (await report.curves([record], { title: "one step" })).slice(0, 4);
  const classes = data.imagenetClasses.length;
  console.log(JSON.stringify({ backend, images: train.labels.length, classes, loss, svg }));
}
`;

/** What {@linkcode script} prints. */
type Result = { backend: string; images: number; classes: number; loss: number; svg: string };

/** Serves what a published neocog consists of, mod.ts and lib/, and nothing else of the checkout. */
async function serveFile(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (!/^\/(mod\.ts|lib\/[a-z0-9_/]+\.(ts|json))$/.test(pathname)) {
    return new Response(`${pathname} is not served`, { status: 404 });
  }
  try {
    const text = await Deno.readTextFile(new URL(`.${pathname}`, root));
    const type = pathname.endsWith(".json") ? "application/json" : "application/typescript";
    return new Response(text, { headers: { "content-type": type } });
  } catch {
    return new Response(`${pathname} is not there`, { status: 404 });
  }
}

/** Runs deno; its stdout. A process that fails is a test that fails. */
async function deno(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Record<string, string> },
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    ...options,
    env: { NO_COLOR: "1", ...options.env },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  return text(stdout);
}

/**
 * A DENO_DIR that shares the npm packages of the present one, so that they are not
 * downloaded again, and nothing else: no module by URL can be an old one.
 */
async function freshDenoDir(): Promise<string> {
  const { npmCache } = JSON.parse(await deno(["info", "--json"], { cwd: Deno.cwd() }));
  const dir = await Deno.makeTempDir({ prefix: "neocog_deno_dir_" });
  await Deno.mkdir(npmCache, { recursive: true });
  await Deno.symlink(npmCache, `${dir}/npm`, { type: "dir" });
  return dir;
}

/** Runs {@linkcode script} in an empty folder, and makes sure that it leaves nothing there. */
async function runScript(modUrl: string, flags: readonly string[]): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "neocog_user_" });
  const denoDir = await freshDenoDir();
  try {
    await Deno.writeTextFile(`${folder}/main.ts`, script(modUrl));
    const printed = await deno(
      ["run", "--allow-read", "--allow-env=XDG_RUNTIME_DIR", ...flags, "main.ts"],
      { cwd: folder, env: { DENO_DIR: denoDir } },
    );
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["main.ts"]);
    return JSON.parse(printed);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(denoDir, { recursive: true });
  }
}

Deno.test("mod.ts works by URL in an empty folder, data reading included", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, serveFile);
  const host = `127.0.0.1:${server.addr.port}`;
  try {
    const flags = ["--check", `--allow-import=${host}`];
    const remote = await runScript(`http://${host}/mod.ts`, flags);
    assertEquals([remote.images, remote.classes], [60_000, 1000]);
    assertEquals(remote.svg, "<svg");
    // Ten classes before the first update: near ln 10.
    assertGreater(remote.loss, 1.5);
    assertLess(remote.loss, 4);
    assertEquals(remote, await runScript(new URL("mod.ts", root).href, []));
  } finally {
    await server.shutdown();
  }
});
