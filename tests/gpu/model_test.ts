// The kernels that are handed to the model, and the model's line.
import { assert, assertEquals } from "@std/assert";
import { gpuTest } from "../device/adapter.ts";
import { writeKernels } from "../../tasks/bench/wgsl.ts";
import { parseFigures } from "./model.ts";

gpuTest(
  "every operation's kernels are written in either form, named apart; products have one loop, which divides nothing, and no branch in a condition",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const [gpu, software] = [
        await writeKernels(`${folder}/gpu`, "gpu"),
        await writeKernels(`${folder}/software`, "software"),
      ];
      const names = gpu.map(({ file }) => file);
      assertEquals(new Set(names).size, names.length);
      for (const file of ["matmul-1024.wgsl", "conv-forward-chapter-conv2.wgsl"]) {
        const [one, other] = await Promise.all(
          ["gpu", "software"].map((form) => Deno.readTextFile(`${folder}/${form}/${file}`)),
        );
        assert(one!.includes("var<workgroup>") && !other!.includes("var<workgroup>"), file);
      }
      assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/gpu/kernels.json`)), gpu);
      let products = 0;
      let few = 0;
      for (const file of names) {
        const text = await Deno.readTextFile(`${folder}/gpu/${file}`);
        few += Number(text.includes("const TAP_ROWS"));
        if (!text.includes("var<workgroup> sliceA")) continue;
        products++;
        assertEquals(text.match(/\bfor \(/g)?.length, 1, `loops of ${file}`);
        const hot = text.match(/fn (skip|loadA|loadB)\b[^}]*}/g)!.join("");
        assert(!/[/%] *(i32\()?uniforms/.test(hot), `divisions of ${file}`);
      }
      assert(products >= 50 && few >= 6, `${products} products, ${few} to few features`);
      // Of && compilers make branches: those of a tile's loads take SwiftShader minutes.
      for (const [form, kernels] of Object.entries({ gpu, software })) {
        for (const { file } of kernels) {
          const text = await Deno.readTextFile(`${folder}/${form}/${file}`);
          assert(!text.includes("fn loadA(") || !text.includes("&&"), `&& in ${form}/${file}`);
        }
      }
      for (const { workgroups } of [...gpu, ...software]) assert(workgroups.every((n) => n >= 1));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("a line of the model is read", () => {
  const line =
    "relu: workgroup=64x1x1 vgprs=16 sgprs=128 waves/SIMD=16 lds=0 spills=1+2 scratch=0 " +
    "instructions=29 latency=692 invThroughput=43 loops=0 | hot: fma=0 valu=11 slow=0 lds=0r0w/0dw " +
    "global=1r1w/8dw scratch=0 smem=4 salu=7 waits=4 branches=1 barriers=0 " +
    "cycles(VALU/LDS/global/scalar)=22/0/32/16 bound=7%(global) latencyBound=100%";
  assertEquals(parseFigures(line), {
    bound: 7,
    limit: "global",
    latencyBound: 100,
    width: 4,
    registers: 16,
    waves: 16,
    workgroupBytes: 0,
    workgroupSize: 64,
    spills: 3,
    cycles: 32,
  });
});
