// Textures that one dispatch fills and others read: which dispatches, and the same numbers.
import { assert, assertEquals } from "@std/assert";
import type { TexturedForm } from "../../lib/device/command.ts";
import type { Run, Step, Storage, Use } from "../../lib/device/jit/recording.ts";
import { shareTextures } from "../../lib/device/jit/share_textures.ts";
import { KEPT_BYTES, type Texels } from "../../lib/device/textures.ts";
import { counters } from "../../lib/device/mod.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { convolve } from "../../lib/tensor/convolve.ts";
import { jit, start, type Tensor, type Tensor4D, tf } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";

function storage(bytes: number): Storage {
  return { origin: { kind: "made" }, shape: [bytes / 4], dtype: "float32", bytes };
}

function use(storage: Storage, texels?: Texels): Use {
  return { storage, access: "read", shape: storage.shape, range: undefined, texels };
}

/** A dispatch that may read all but its first tensor from textures; that name is what it is then called. */
function run(uses: readonly Use[]): Run {
  const of = (operation: string) => ({
    operation,
    pipeline: () => ({}) as GPUComputePipeline,
    uniforms: new Uint8Array(),
  });
  const textured: TexturedForm = {
    may: uses.map(({ texels }, i) => i > 0 && !texels),
    within: (held) => of(`${held.map(Number)}`),
  };
  return { kind: "run", ...of("plain"), workgroups: [1, 1, 1], uses, textured };
}

/** How the second of two dispatches reads. */
function second(steps: readonly Step[], mostTextures = 4): [string, (Texels | undefined)[]] {
  const { operation, uses } = shareTextures(steps, mostTextures)[1] as Run;
  return [operation, uses.map(({ texels }) => texels)];
}

Deno.test("a texture that another dispatch has filled is read, up to the size that is kept", () => {
  const [small, large, other] = [storage(1 << 20), storage(KEPT_BYTES + 16), storage(1 << 20)];
  const filling = run([use(other), use(small, "rgba32float"), use(large, "rgba32float")]);
  const reading = run([use(small), use(small), use(large), use(other)]);
  const fours = "rgba32float";
  assertEquals(second([filling, reading]), ["0,1,0,0", [undefined, fours, undefined, undefined]]);
  assertEquals(second([run([use(other)]), reading])[0], "plain");
  const single = run([use(other), use(small, "r32float")]);
  assertEquals(second([single, reading])[0], "plain");
});

Deno.test("no dispatch binds more textures than it may", () => {
  const [a, b, c] = [storage(1 << 20), storage(1 << 20), storage(1 << 20)];
  const filling = run([use(a, "rgba32float"), use(b, "rgba32float"), use(c, "rgba32float")]);
  const reading = run([use(a), use(a, "rgba32float"), use(b), use(c)]);
  assertEquals(second([filling, reading], 2)[0], "0,0,1,0");
  assertEquals(second([filling, reading], 1)[0], "plain");
});

gpuTest("activations and sums beside a convolution take no further copies", async () => {
  const { software } = await start();
  registerKernels(true); // The kernels for software adapters alone read textures.
  try {
    const same = { stride: [1, 1], padding: "same", dilation: [1, 1], groups: 1 } as const;
    const [x, filter] = [
      tf.randomUniform([2, 14, 14, 32], -1, 1),
      tf.randomUniform([3, 3, 32, 32], -1, 1),
    ];
    const convolution = (x: Tensor): Tensor =>
      convolve(tf.mul(x, 2) as Tensor4D, filter as Tensor4D, same);
    const block = (x: Tensor): Tensor => {
      const doubled = tf.mul(x, 2);
      const first = convolve(doubled as Tensor4D, filter as Tensor4D, same);
      return tf.relu(tf.add(tf.tanh(first), doubled));
    };
    const copiesOf = async (f: (x: Tensor) => Tensor): Promise<number> => {
      const recorded = jit(f);
      recorded(x).dispose();
      const before = counters().copies;
      const y = recorded(x);
      const copies = counters().copies - before;
      const plain = tf.tidy(() => f(x));
      const [made, expected] = await Promise.all([y.data(), plain.data()]);
      assertEquals(made, expected);
      assert((made as Float32Array).some((value) => value !== 0));
      tf.dispose([y, plain]);
      return copies;
    };
    assertEquals(await copiesOf(block), await copiesOf(convolution));
    tf.dispose([x, filter]);
  } finally {
    registerKernels(software);
  }
});
