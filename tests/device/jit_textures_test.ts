// Textures of recorded functions: what is the same at each call is copied into them once.
import { assertEquals, assertNotEquals } from "@std/assert";
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { counters } from "../../lib/device/mod.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { convolve } from "../../lib/tensor/convolve.ts";
import { jit, type Jitted, start, type Tensor, type Tensor4D, tf } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";

const SAME = { stride: [1, 1], padding: "same", dilation: [1, 1], groups: 1 } as const;

/** A convolution with so many multiplications that both factors are read from textures. */
function convolution(x: Tensor, filter: Tensor): Tensor {
  return convolve(x as Tensor4D, filter as Tensor4D, SAME);
}

const randomImage = (): Tensor => tf.randomUniform([1, 28, 28, 32], -1, 1);
const randomFilter = (): Tensor => tf.randomUniform([3, 3, 32, 64], -1, 1);

/** Runs a check with the kernels for software adapters, which alone read textures. */
async function withTextures(check: () => Promise<void>): Promise<void> {
  const { software } = await start();
  registerKernels(true);
  try {
    await check();
  } finally {
    registerKernels(software);
  }
}

/** Copies of a recorded call, whose numbers are compared with those of a plain one. */
async function copiesOf(
  recorded: (x: Tensor, filter: Tensor) => Tensor,
  x: Tensor,
  filter: Tensor,
): Promise<number> {
  const before = counters().copies;
  const y = recorded(x, filter);
  const copies = counters().copies - before;
  const plain = convolution(x, filter);
  assertEquals(await y.data(), await plain.data());
  tf.dispose([y, plain]);
  return copies;
}

gpuTest("weights that stay are copied into textures once, others at each call", async () => {
  await withTextures(async () => {
    const recorded = jit(convolution);
    const [first, second] = [randomFilter(), randomFilter()];
    const copies: number[] = [];
    for (const filter of [first, first, first, first, first, second, second, second, first]) {
      const x = randomImage();
      copies.push(await copiesOf(recorded, x, filter));
      x.dispose();
    }
    // Both factors and the result; a filter of the host's is on the GPU from the second call on.
    assertEquals(copies.slice(3), [2, 2, 3, 3, 2, 3]);
    (recorded as unknown as Jitted<[], Tensor>).dispose();
    tf.dispose([first, second]);
  });
});

gpuTest("weights read a few times are copied too, where no gradient changes them", async () => {
  await withTextures(async () => {
    const x = tf.randomUniform([1, 7, 7, 256], -1, 1);
    const filter = tf.randomUniform([3, 3, 256, 256], -1, 1);
    const recorded = jit(convolution);
    const copies: number[] = [];
    for (let call = 0; call < 5; call++) copies.push(await copiesOf(recorded, x, filter));
    // At first both factors and the result; in the end, as the images are the same too, that alone.
    assertEquals([copies[0], copies[4]], [3, 1], `${copies}`);
    const gradient = jit((x: Tensor, filter: Tensor) => tf.grad((x) => convolution(x, filter))(x));
    const before = counters().copies;
    const plain = tf.tidy(() => tf.grad((x) => convolution(x, filter))(x));
    const between = counters().copies;
    tf.dispose([plain, gradient(x, filter)]);
    assertEquals(counters().copies - between, between - before + 1); // and the result
    for (const each of [recorded, gradient]) (each as unknown as Jitted<[], Tensor>).dispose();
    tf.dispose([x, filter]);
  });
});

gpuTest("a tensor in a buffer of the user's is read anew at each call", async () => {
  await withTextures(async () => {
    const { device } = tf.backend() as unknown as GuardedBackend;
    const numbers = (await randomFilter().data()) as Float32Array<ArrayBuffer>;
    const { STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
    const usage = STORAGE | COPY_DST | COPY_SRC;
    const buffer = device.createBuffer({ size: numbers.byteLength, usage });
    const filter = tf.tensor({ buffer, zeroCopy: true }, [3, 3, 32, 64]);
    const x = randomImage();
    for (const isCaptured of [false, true]) {
      const recorded = isCaptured
        ? jit((x: Tensor, _: Tensor) => convolution(x, filter))
        : jit(convolution);
      let last: Float32Array | undefined;
      for (let call = 0; call < 5; call++) {
        numbers.reverse();
        numbers[0] = call;
        device.queue.writeBuffer(buffer, 0, numbers);
        const y = recorded(x, isCaptured ? x : filter);
        const plain = convolution(x, filter);
        const [made, expected] = await Promise.all([y.data(), plain.data()]);
        assertEquals(made, expected, `${isCaptured} ${call}`);
        if (last) assertNotEquals(made, last);
        last = made as Float32Array;
        tf.dispose([y, plain]);
      }
      (recorded as unknown as Jitted<[], Tensor>).dispose();
    }
    tf.dispose([x, filter]);
    buffer.destroy();
  });
});

gpuTest("a function that is disposed gives its textures back", async () => {
  await withTextures(async () => {
    const [x, filter] = [randomImage(), randomFilter()];
    const bytes: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const recorded = jit(convolution);
      for (let call = 0; call < 4; call++) await copiesOf(recorded, x, filter);
      (recorded as unknown as Jitted<[], Tensor>).dispose();
      bytes.push((tf.backend() as unknown as GuardedBackend).textures.bytes);
    }
    assertEquals(bytes[2], bytes[1]);
    tf.dispose([x, filter]);
  });
});

gpuTest("what stays in a texture is not written over by what comes after it", async () => {
  await withTextures(async () => {
    const chain = (x: Tensor, filters: readonly Tensor[]): Tensor =>
      filters.reduce((y, filter) => convolution(y, filter), x);
    // Images and filters of many sizes: some have as many rows of texels as others.
    const features = [8, 256, 128, 64, 32, 16];
    const makeFilters = (): Tensor[] =>
      features.slice(1).map((size, i) => tf.randomNormal([3, 3, features[i]!, size], 0, 0.05));
    const [filters, others] = [makeFilters(), makeFilters()];
    // Two functions in turns: one may use the textures that the other one had before it kept some.
    const functions = [jit(chain), jit(chain)] as const;
    for (let call = 0; call < 12; call++) {
      const x = tf.randomUniform([1, 16, 16, 8], -1, 1);
      // The second function begins later, and the first one's weights change once.
      const which = call < 4 || call % 2 === 0 ? 0 : 1;
      const weights = which === 1 || call > 8 ? others : filters;
      const y = functions[which](x, weights);
      const plain = tf.tidy(() => chain(x, weights));
      assertEquals(await y.data(), await plain.data(), `call ${call}`);
      tf.dispose([x, y, plain]);
    }
    for (const each of functions) (each as unknown as Jitted<[], Tensor>).dispose();
    tf.dispose([...filters, ...others]);
  });
});
