// Tests of lib/data/decode_pool.ts: workers, and doing without them.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodePool } from "../../lib/data/sources/decode_pool.ts";
import type { DecodeTask } from "../../lib/data/sources/decode_worker.ts";
import { picturePixels, type PixelRule } from "../../lib/data/sources/picture_pixels.ts";
import { JPEGS } from "../image/jpeg_fixture.ts";
import { plainFiles, withFolder } from "./picture_folder.ts";

const root = new URL("../../", import.meta.url);
const rule: PixelRule = { shape: [5, 5, 3], resize: "cover", filter: "bilinear" };
const tasks: readonly DecodeTask[] = JPEGS.map(({ jpeg, name }) => ({
  bytes: jpeg,
  file: name,
  rule,
}));
const expected = await Promise.all(
  tasks.map(({ bytes, file }) => picturePixels(bytes, file, rule)),
);
const broken: DecodeTask = { bytes: new Uint8Array(3), file: "broken.png", rule };

Deno.test("a pool returns each task's own pixels, with no more workers than allowed", async () => {
  for (const most of [0, 1, 3]) {
    using pool = decodePool(most);
    assertEquals(pool.running, 0);
    assertEquals(await Promise.all(tasks.map(pool.decode)), expected);
    assertEquals(pool.running, most);
  }
});

Deno.test("a file that cannot be decoded rejects, and the pool continues", async () => {
  for (const most of [0, 1]) {
    using pool = decodePool(most);
    const all = [broken, tasks[0]!, broken, tasks[1]!].map(pool.decode);
    await Promise.allSettled(all);
    await assertRejects(() => all[0]!, SyntaxError, "Cannot decode image broken.png");
    await assertRejects(() => all[2]!, SyntaxError, "broken.png");
    assertEquals([await all[1], await all[3]], [expected[0]!, expected[1]!]);
  }
});

Deno.test("a pool that is disposed of while it works continues without workers", async () => {
  const pool = decodePool(2);
  const work = Promise.all(tasks.map(pool.decode));
  await new Promise((resolve) => setTimeout(resolve, 5));
  pool[Symbol.dispose]();
  assertEquals(await work, expected);
  assertEquals(await pool.decode(tasks[0]!), expected[0]);
  assertEquals(pool.running, 0);
});

Deno.test("workers without work end, and start again", async () => {
  using pool = decodePool(1);
  await pool.decode(tasks[0]!);
  assertEquals(pool.running, 1);
  await new Promise((resolve) => setTimeout(resolve, 800));
  assertEquals(pool.running, 0);
  assertEquals(await pool.decode(tasks[1]!), expected[1]);
});

/** Says how many workers run after a folder was read, and what the pixels sum up to. */
const script = (folderModule: string, poolModule: string): string => `
import { imageFolder } from "${folderModule}";
import { decodePool } from "${poolModule}";

const images = await imageFolder(Deno.args[0], { size: 2, workers: 2, memoryLimit: 0 });
const pixels = await images.train.read(new Uint32Array([0, 1, 2]));
const pool = decodePool(2);
await pool.decode({
  bytes: await Deno.readFile(images.files.train[0]),
  file: "a",
  rule: { shape: [1, 1, 1], resize: "cover", filter: "bilinear" },
});
console.log(JSON.stringify([pool.running, pixels.reduce((sum, value) => sum + value, 0)]));
`;

/** Runs the script with these permissions; it ends by itself. */
async function run(
  folder: string,
  base: string,
  permissions: readonly string[],
): Promise<{ readonly answer: unknown; readonly stderr: string }> {
  const main = `${folder}/main.ts`;
  const [folderModule, poolModule] = ["image_folder", "decode_pool"].map((name) =>
    new URL(`lib/data/sources/${name}.ts`, base).href
  );
  await Deno.writeTextFile(main, script(folderModule!, poolModule!));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, main, `${folder}/set`],
    cwd: folder,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  return { answer: JSON.parse(text(stdout)), stderr: text(stderr) };
}

const set = { ...plainFiles("set/cat", 10, 3), ...plainFiles("set/dog", 20, 3) };

Deno.test("if workers may not be started, this thread decodes, without a prompt", async () => {
  await withFolder(set, async (folder) => {
    const few = await run(folder, root.href, [`--allow-read=${folder}`]);
    const more = await run(folder, root.href, ["--allow-read"]);
    assertEquals([few.answer, more.answer].map((answer) => (answer as number[])[0]), [0, 1]);
    assertEquals((few.answer as number[])[1], (more.answer as number[])[1]);
    assert(!/denied|Requires|Uncaught/.test(few.stderr), few.stderr);
  });
});

/** Serves the library's modules, but for those that a pattern refuses. */
async function withLibrary(refused: RegExp, use: (host: string) => Promise<void>): Promise<void> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (refused.test(pathname)) return new Response("not here", { status: 404 });
      const type = pathname.endsWith(".json") ? "json" : "typescript";
      const headers = { "content-type": `application/${type}` };
      return new Response(await Deno.readTextFile(new URL(`.${pathname}`, root)), { headers });
    },
  );
  try {
    await use(`127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("workers start if the library was imported by URL, with permission to read only the folder", async () => {
  await withLibrary(/nothing/, async (host) => {
    await withFolder(set, async (folder) => {
      const permissions = [`--allow-read=${folder}`, `--allow-import=${host}`];
      const { answer } = await run(folder, `http://${host}/`, permissions);
      assertEquals((answer as number[])[0], 1);
    });
  });
});

Deno.test("if a worker's module cannot be loaded, this thread decodes to the same pixels", async () => {
  await withLibrary(/decode_worker/, async (host) => {
    await withFolder(set, async (folder) => {
      const permissions = [`--allow-read=${folder}`, `--allow-import=${host}`];
      const { answer } = await run(folder, `http://${host}/`, permissions);
      const here = await run(folder, root.href, [`--allow-read=${folder}`]);
      assertEquals(answer, here.answer);
    });
  });
});
