// `deno task test:node`: the package, installed in an empty folder, runs examples under Node.
import { assertEquals, assertMatch } from "@std/assert";
import { runTask } from "../tasks/run_task.ts";
// deno-lint-ignore no-import-prefix
import { ModuleKind, ScriptTarget, transpileModule } from "npm:typescript@5.9.3";

const root = new URL("../../", import.meta.url);

/** What stands for @std/assert, by Node's own. */
const ASSERT = `
// Node 20 lacks what example 08 uses.
Array.fromAsync ??= async (items) => {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
};
import assert from "node:assert";
export const assertEquals = assert.deepStrictEqual;
export const assertGreaterOrEqual = (a, b) => assert(a >= b, a + " < " + b);
`;

/** The software driver that is a part of Debian's Chromium. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasSwiftShader = await Deno.stat(SWIFTSHADER).then(() => true, () => false);

/** What gives Node WebGPU. */
const WEBGPU = `
import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, "navigator", { value: { gpu: create([]) } });
`;

/** Runs a program to its end; what it prints. */
async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  const env = { VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER };
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd, env }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, `${command} ${args.join(" ")}: ${out}${err}`);
  return out!;
}

/** An example as Node runs it: without types, with the package. */
function exampleForNode(name: string, backend: "cpu" | "webgpu"): string {
  const text = Deno.readTextFileSync(new URL(`examples/${name}.ts`, root))
    .replaceAll(`"../mod.ts"`, `"neocog"`)
    .replaceAll(`"@std/assert"`, `"./assert.mjs"`)
    .replaceAll("Deno.remove(", `(await import("node:fs/promises")).unlink(`)
    .replace(/\bstart\(\)/, `start({ backend: "${backend}" })`)
    .replaceAll(`"examples/`, `"${new URL("examples/", root).pathname}`);
  const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };
  return transpileModule(text, { compilerOptions }).outputText;
}

Deno.test("examples 01, 06 and 08 run under Node from an empty folder, and the types check", async () => {
  const dir = await Deno.makeTempDir({ prefix: "neocog-node-" });
  const { code, out, err } = await runTask("npm", ["--out", `${dir}/package`, "--json"]);
  assertEquals(code, 0, err);
  const { tarball } = JSON.parse(out.trim().split("\n").at(-1)!);
  const user = `${dir}/user`;
  await Deno.mkdir(user);
  await Deno.writeTextFile(`${user}/package.json`, "{}");
  await run(user, "npm", "install", "--no-audit", "--no-fund", tarball, "typescript@5.9.3");
  await Deno.writeTextFile(`${user}/assert.mjs`, ASSERT);
  const runExample = async (name: string, backend: "cpu" | "webgpu", ...flags: string[]) => {
    await Deno.writeTextFile(`${user}/${name}_${backend}.mjs`, exampleForNode(name, backend));
    console.log(await run(user, "node", ...flags, `${name}_${backend}.mjs`));
  };
  await runExample("06_torch_weights", "cpu");
  // Training on the CPU takes a quarter of an hour, so that it is left to WebGPU where there is one.
  const backend = hasSwiftShader ? "webgpu" : "cpu";
  const flags = hasSwiftShader ? ["--import", "./webgpu.mjs"] : [];
  if (hasSwiftShader) {
    await run(user, "npm", "install", "--no-audit", "--no-fund", "webgpu@0.6.2");
    await Deno.writeTextFile(`${user}/webgpu.mjs`, WEBGPU);
    await runExample("06_torch_weights", backend, ...flags);
  }
  for (const name of ["01_train_lenet5", "08_saliency"]) {
    await runExample(name, backend, ...flags);
  }
  await Deno.writeTextFile(
    `${user}/errors.mjs`,
    `import * as nc from "neocog";
     import { gradCam } from "neocog/explain";
     console.log(gradCam === nc.explain.gradCam);
     await nc.start({ backend: "cpu" });
     await nc.open("none.safetensors").catch(({ name, message }) => console.log(name, message));
     await nc.start().catch(({ kind }) => console.log(kind));`,
  );
  assertMatch(
    await run(user, "node", "errors.mjs"),
    /^true\nNotFound Cannot read none\.safetensors: there is no such file.*\nmissing\n$/,
  );
  await Deno.writeTextFile(
    `${user}/types.mts`,
    `import { dense, flatten, init, key, type Network, sequential } from "neocog";
     import { saliency } from "neocog/explain";
     const network = init(sequential({ flatten: flatten(), logits: dense({ features: 2 }) }), key(0), [2]);
     const shape: readonly number[] = network.params.logits.kernel.shape;
     // @ts-expect-error -- there is no such layer
     network.params.other;
     console.log(shape, saliency);
     export const network2: Network<any, any> = network;`,
  );
  const tsc = ["tsc", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"];
  await run(user, "npx", ...tsc, "--module", "nodenext", "types.mts");
});
