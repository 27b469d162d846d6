// Normally distributed tensors from a key, made where they are needed.
import { registerHostKernel } from "./host_kernel.ts";
import { type Key, normalArray } from "./random.ts";
import { type Shape, sizeOf, type Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels, which has no inputs. */
export const NORMAL = "NeocogNormal";

/** Attributes of the kernel. */
export type NormalAttributes = { readonly key: Key; readonly shape: Shape };

/**
 * Normally distributed numbers of mean 0 and deviation 1, by the method of Box and Muller (1958),
 * on the device. They are those of `normalArray`, up to rounding; within a function that a jit has
 * recorded, each call draws from the key that it is given.
 *
 * @param shape the tensor's shape
 * @param key the source of randomness
 * @returns the numbers
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { normal, normalArray } from "@neocog/neocog/tensor";
 * import { key, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await normal([2, 3], key(1)).data(), normalArray(key(1), 6));
 * ```
 */
export function normal(shape: Shape, key: Key): Tensor {
  return tf.engine().runKernel(NORMAL, {}, { key, shape: [...shape] } as tf.NamedAttrMap);
}

registerHostKernel<NormalAttributes>(NORMAL, (_inputs, { key, shape }) => [
  { values: normalArray(key, sizeOf(shape)), shape },
]);
