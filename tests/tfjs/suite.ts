// Runs tfjs-core's own compiled tests on one backend, and prints what failed as JSON.
// Started by run.ts in a process of its own, as tfjs has one engine.
import { createRequire } from "node:module";

/** A variable, so that the project's lock file knows nothing of this runner. */
const JASMINE = "npm:jasmine-core@3.99.1";
const { default: jasmineCore } = await import(JASMINE);

const VERSION = "4.22.0";
const TFJS = `npm:@tensorflow/tfjs@${VERSION}`;
const BACKEND = `npm:@tensorflow/tfjs-backend-webgpu@${VERSION}`;

type Tfjs = typeof import("../../mod.ts").tf;

/** What runs: tfjs's own backend, or ours with the kernels of one form. */
const [form, filter = ""] = Deno.args as ["stock" | "software" | "gpu", string?];

/** Where Deno keeps the files of npm packages. */
async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}

/** Copies the package's modules, with specifiers that Deno resolves. */
async function copyModules(from: string, to: string): Promise<string[]> {
  const paths: string[] = [];
  const exists = (path: string): boolean => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  };
  const visit = async (folder: string): Promise<void> => {
    await Deno.mkdir(`${to}${folder}`, { recursive: true });
    for await (const { name, isDirectory } of Deno.readDir(`${from}${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory && name !== "miniprogram") await visit(path);
      if (!name.endsWith(".js") || name.startsWith("tf-core")) continue;
      paths.push(path);
      const text = (await Deno.readTextFile(`${from}${path}`))
        .replace(/\n\/\/# sourceMappingURL=.*/, "")
        .replace(/^((?:import|export)\b[^'"`;]*?)'(\.[^']*)'/gm, (_, head, specifier) => {
          const target = `${from}${folder}/${specifier}`;
          return `${head}'${specifier}${exists(`${target}.js`) ? ".js" : "/index.js"}'`;
        })
        .replace(
          /import \* as seedrandom from 'seedrandom'/,
          "import seedrandom from 'npm:seedrandom@3.0.5'",
        )
        .replace("from 'long'", "from 'npm:long@4.0.0'")
        .replace(/require\('jasmine-core[^)]*\)/, "{ core: () => globalThis.jasmine }");
      await Deno.writeTextFile(`${to}${path}`, text);
    }
  };
  await visit("");
  return paths;
}

/** Sets tfjs up with the backend under test. */
async function startBackend(): Promise<Tfjs> {
  if (form !== "stock") {
    const { start, tf } = await import("../../mod.ts");
    const { registerKernels } = await import("../../lib/device/register.ts");
    await start();
    registerKernels(form === "software");
    return tf;
  }
  const tf = await import(TFJS);
  const { WebGPUBackend } = await import(BACKEND);
  const adapter = await navigator.gpu.requestAdapter();
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = adapter!
    .limits;
  const device = await adapter!.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize },
  });
  device.addEventListener("uncapturederror", (event) => event.preventDefault());
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter!.info));
  await tf.setBackend("webgpu");
  return tf;
}

/** Keeps our device over tfjs's resets between tests, which would compile every program anew. */
function keepBackend(engine: { reset(): void; registry: Record<string, unknown> }): void {
  const { reset } = engine;
  engine.reset = function (): void {
    const { webgpu } = this.registry;
    delete this.registry.webgpu;
    reset.call(this);
    this.registry.webgpu = webgpu;
  };
}

const tf = await startBackend();
if (form !== "stock") keepBackend(tf.engine() as unknown as Parameters<typeof keepBackend>[0]);
const jasmine = jasmineCore.core(jasmineCore);
const environment = jasmine.getEnv();
Object.assign(globalThis, jasmineCore.interface(jasmine, environment), {
  jasmine,
  require: createRequire(import.meta.url),
});
environment.configure({ random: false, failFast: false });

const folder = await Deno.makeTempDir({ prefix: "tfjs-core-" });
const paths = await copyModules(
  `${await npmCache()}/registry.npmjs.org/@tensorflow/tfjs-core/${VERSION}/dist`,
  folder,
);
const { setTestEnvs } = await import(`file://${folder}/jasmine_util.js`);
setTestEnvs([{ name: "webgpu", backendName: "webgpu", flags: { WEBGPU_CPU_FORWARD: false } }]);
await import(`file://${folder}/public/chained_ops/register_all_chained_ops.js`);
for (const path of paths.filter((path) => path.endsWith("_test.js")).sort()) {
  if (path.includes(filter)) await import(`file://${folder}${path}`);
}

type Spec = {
  readonly status: string;
  readonly fullName: string;
  readonly failedExpectations: readonly { readonly message: string }[];
};

const failed: Record<string, string> = {};
let passed = 0;
environment.addReporter({
  specDone({ status, fullName, failedExpectations }: Spec) {
    if (status === "passed") passed++;
    if (status === "failed") failed[fullName] = failedExpectations[0]?.message ?? "";
  },
});
await new Promise<void>((resolve) => environment.execute(undefined, resolve));
console.log(JSON.stringify({ form, passed, failed }));
await Deno.remove(folder, { recursive: true });
Deno.exit(0);
