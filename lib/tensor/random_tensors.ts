// Tensors of random numbers from a key, drawn where they are needed.
import { registerHostKernel } from "./host_kernel.ts";
import { type Key, split, uniformArray } from "./random.ts";
import { sizeOf, type Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const UNIFORM = "NeocogUniform";

/** Attributes of the kernel. */
export type UniformAttributes = { readonly key: Key; readonly shape: readonly number[] };

/** Uniform numbers from `[0, 1)` with 24 bits, those of {@linkcode uniformArray}. */
function unit(key: Key, shape: readonly number[]): Tensor {
  const wrong = shape.find((size) => !Number.isInteger(size) || size < 0);
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot draw random numbers: their shape must be of whole numbers from 0, got [${shape}]`,
    );
  }
  return tf.engine().runKernel(UNIFORM, {}, { key, shape: [...shape] }) as Tensor;
}

/**
 * A tensor of uniform random numbers from `[low, high)`. The key's numbers are drawn on the device,
 * so that it may be an argument of a function under {@linkcode jit}, such as `context.key` of a
 * layer.
 *
 * @param key the source of randomness
 * @param shape any shape
 * @param low the least value
 * @param high the bound above, reached by rounding at most
 * @returns a tensor of `shape`; for 0 and 1 its numbers are those of {@linkcode uniformArray}
 * @throws {RangeError} if `shape` has a size that is no whole number from 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, start } from "@neocog/neocog";
 * import { uniformArray, uniformTensor } from "@neocog/neocog/tensor";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await uniformTensor(key(1), [2, 3]).data(), uniformArray(key(1), 6));
 * ```
 */
export function uniformTensor(key: Key, shape: readonly number[], low = 0, high = 1): Tensor {
  if (low === 0 && high === 1) return unit(key, shape);
  return tf.tidy(() => tf.add(tf.mul(unit(key, shape), high - low), low));
}

/**
 * A tensor of normally distributed random numbers, by the method of Box and Muller (1958). The
 * key's numbers are drawn on the device, so that it may be an argument of a function under
 * {@linkcode jit}, such as `context.key` of a layer.
 *
 * @param key the source of randomness
 * @param shape any shape
 * @param mean their mean
 * @param deviation their standard deviation
 * @returns a tensor of `shape`; its numbers are others than those of {@linkcode normalArray}
 * @throws {RangeError} if `shape` has a size that is no whole number from 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { key, start } from "@neocog/neocog";
 * import { normalTensor } from "@neocog/neocog/tensor";
 *
 * await start({ backend: "cpu" });
 * const mean = await normalTensor(key(1), [100, 100], 3, 0.5).mean().data();
 * assertAlmostEquals(mean[0]!, 3, 0.02);
 * ```
 */
export function normalTensor(key: Key, shape: readonly number[], mean = 0, deviation = 1): Tensor {
  return tf.tidy(() => {
    const [first, second] = split(key);
    // From (0, 1]: the logarithm of 0 is no number.
    const radius = tf.sqrt(tf.mul(tf.log(tf.sub(1, unit(first!, shape))), -2));
    const angle = tf.mul(unit(second!, shape), 2 * Math.PI);
    return tf.add(tf.mul(tf.mul(radius, tf.cos(angle)), deviation), mean);
  });
}

registerHostKernel<UniformAttributes>(
  UNIFORM,
  (_, { key, shape }) => [{ values: uniformArray(key, sizeOf(shape)), shape }],
);
