// Tensors of random numbers from a key, drawn where they are needed.
import { registerHostKernel } from "./host_kernel.ts";
import { type Key, normalArray, uniformArray } from "./random.ts";
import { sizeOf, type Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The names of the operations among tfjs's kernels, which have no inputs. */
export const UNIFORM = "NeocogUniform";
export const NORMAL = "NeocogNormal";

/** Attributes of both kernels. */
export type RandomAttributes = { readonly key: Key; readonly shape: readonly number[] };

/** A kernel's numbers times a factor, plus a number; of no change there is no pass. */
function draw(
  kernel: string,
  key: Key,
  shape: readonly number[],
  factor: number,
  added: number,
): Tensor {
  const wrong = shape.find((size) => !Number.isInteger(size) || size < 0);
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot draw random numbers: their shape must be of whole numbers from 0, got [${shape}]`,
    );
  }
  return tf.tidy(() => {
    const numbers = tf.engine().runKernel(kernel, {}, { key, shape: [...shape] }) as Tensor;
    const scaled = factor === 1 ? numbers : tf.mul(numbers, factor);
    return added === 0 ? scaled : tf.add(scaled, added);
  });
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
  return draw(UNIFORM, key, shape, high - low, low);
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
 * @returns a tensor of `shape`; its numbers are those of {@linkcode normalArray}, up to rounding
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
  return draw(NORMAL, key, shape, deviation, mean);
}

registerHostKernel<RandomAttributes>(
  UNIFORM,
  (_, { key, shape }) => [{ values: uniformArray(key, sizeOf(shape)), shape }],
);

registerHostKernel<RandomAttributes>(
  NORMAL,
  (_, { key, shape }) => [{ values: normalArray(key, sizeOf(shape)), shape }],
);
