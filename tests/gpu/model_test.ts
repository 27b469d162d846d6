// The kernels that are handed to the model, and the model's line.
import { assert, assertEquals } from "@std/assert";
import { gpuTest } from "../device/adapter.ts";
import { writeKernels } from "../../tasks/bench/wgsl.ts";
import { readAssembly, waveCost } from "./assembly.ts";
import { CHIP, dispatchTime } from "./dispatch_time.ts";
import { parseFigures } from "./model.ts";
import { turnCounter } from "./turns.ts";

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
      assert(products >= 49 && few >= 6, `${products} products, ${few} to few features`);
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

/** A kernel that clears workgroup memory, and has a loop in a loop. */
const ASSEMBLY = `stat VGPRs 8
asm
BB0:
\tv_mov_b32_e32 v1, 0      ; 7e020280
BB1:
\tds_write_b128 v1, v[4:7] ; db7c0000
\ts_branch BB1             ; bf82fff1
BB2:
\tglobal_load_dwordx4 v[0:3], v0, s[0:1] ; 0
\ts_waitcnt vmcnt(0)       ; 0
BB3:
\tds_read_b64 v[0:1], v1   ; 0
\ts_waitcnt lgkmcnt(0)     ; 0
\tv_fmac_f32_e32 v2, v0, v1 ; 0
\tv_rcp_f32_e32 v2, v2     ; 0
\ts_cbranch_scc1 BB3       ; 0
BB4:
\ts_cbranch_scc1 BB2       ; 0
BB5:
\ts_endpgm                 ; 0
`;

Deno.test("a wave costs what its loops do in all their turns; what the compiler wrote out turns not", () => {
  const kernel = readAssembly(ASSEMBLY);
  const turns = (...counts: number[]) => counts.map((turns) => ({ turns, isConstant: false }));
  assertEquals(waveCost(kernel, turns(3, 30)), {
    valu: 2 + 30 * (2 + 8),
    lds: 30 * 8,
    global: 3 * 16,
    scalar: 1 + 3 * 2 + 30 * 2,
    waits: 3 * 400 + 30 * 64,
  });
  const written = { turns: 8, isConstant: true };
  assertEquals(waveCost(kernel, [written, ...turns(3, 30)]), waveCost(kernel, turns(3, 30)));
  assertEquals(waveCost(kernel, turns(3)), undefined);
});

Deno.test("a dispatch takes as long as its busiest unit, its memory or its launch", () => {
  const wave = { valu: 9000, lds: 0, global: 0, scalar: 0, waits: 0 };
  const one = { workgroups: 1, workgroupSize: 128, waves: 8, wave, bytes: 0 };
  assertEquals(dispatchTime({ ...one, wave: { ...wave, valu: 1 } }), {
    microseconds: 5,
    limit: "launch",
  });
  // Two waves on two SIMDs, then one more of each.
  assertEquals(dispatchTime({ ...one, wave: { ...wave, valu: 90_000 } }).microseconds, 40);
  const more = { ...one, workgroups: CHIP.units + 1, wave: { ...wave, valu: 90_000 } };
  assertEquals(dispatchTime(more), { microseconds: 80, limit: "arithmetic" });
  const slow = { ...one, wave: { ...wave, waits: 90_000 } };
  assertEquals(dispatchTime(slow), { microseconds: 44, limit: "waiting" });
  assertEquals(dispatchTime({ ...one, bytes: 512e6 }), { microseconds: 1000, limit: "memory" });
});

gpuTest("the turns of loops are counted, the mean of workgroups", async () => {
  const counter = await turnCounter();
  const text = `struct Uniforms { count: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> uniforms: Uniforms;
fn main(group: u32, local: u32) {
  for (var i = 0u; i < group; i++) {
    for (var j = 0u; j < uniforms.count; j++) { y[local] += 1.0; }
    for (var k = 0u; k < 3u; k++) { y[local] += 1.0; }
  }
}
@compute @workgroup_size(64)
fn start(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  main(group.y * groups.x + group.x, local);
}`;
  const uniforms = new Uint8Array(new Uint32Array([5, 0, 0, 0]).buffer);
  try {
    // Of 16 workgroups, every other one.
    assertEquals(await counter.turnsOf({ text, uniforms, workgroups: [8, 2, 1] }), [
      { turns: 7, isConstant: false },
      { turns: 35, isConstant: false },
      { turns: 21, isConstant: true },
    ]);
  } finally {
    counter.stop();
  }
});
