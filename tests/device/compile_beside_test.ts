// A second device compiles what the first would have to.
import { assert, assertEquals } from "@std/assert";
import { compileBeside } from "../../lib/device/compile_beside.ts";
import { start, tf } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";

const adapter = await navigator.gpu?.requestAdapter();
const isMesa = /llvmpipe/.test(adapter?.info.description ?? "");

/** What a fresh process says of its first step, whose driver keeps what it compiles in a folder. */
async function firstStep(folder: string, way: "beside" | "alone"): Promise<unknown> {
  const script = new URL("./compile_beside_script.ts", import.meta.url).href;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", script, way],
    env: { MESA_SHADER_CACHE_DIR: folder },
    stderr: "inherit",
  }).output();
  assertEquals(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The names of what is in a cache, which say what was compiled. */
async function compiled(folder: string): Promise<string[]> {
  const names: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(at)) {
      if (isDirectory) await walk(`${at}/${name}`);
      else if (name !== "index") names.push(name);
    }
  };
  await walk(folder);
  return names.toSorted();
}

if (isMesa) {
  gpuTest(
    "a second device compiles programs of a first step, each as the first would",
    async () => {
      const [beside, alone] = await Promise.all([Deno.makeTempDir(), Deno.makeTempDir()]);
      try {
        type Said = { count: number; loss: number; bare: number };
        const helped = await firstStep(beside, "beside") as Said;
        const { loss, bare } = await firstStep(alone, "alone") as Said;
        // wgpu clears such textures by drawing, after which llvmpipe writes a pass's two timestamps at once.
        assertEquals([bare, helped.bare], [0, 0]);
        assert(helped.count > 0, "the second device compiled nothing");
        assertEquals(helped.loss, loss);
        const names = await compiled(alone);
        assert(names.length > 20, `${names.length} programs in the cache`);
        // A text that is given while the step is recorded may be joined to another one later.
        const both = await compiled(beside);
        assertEquals(names.filter((name) => !both.includes(name)), []);
        assert(both.length <= names.length + 2, `${both.length - names.length} more in the cache`);
        const { loss: again } = await firstStep(beside, "beside") as { loss: number };
        assertEquals(again, loss);
        assertEquals(await compiled(beside), both, "all was in the cache");
      } finally {
        await Promise.all([beside, alone].map((path) => Deno.remove(path, { recursive: true })));
      }
    },
  );
}

Deno.test("on the CPU backend there is nothing to compile", async () => {
  await start({ backend: "cpu" });
  tf.matMul(tf.ones([2, 2]), tf.ones([2, 2]));
  assertEquals(await compileBeside(), 0);
});
