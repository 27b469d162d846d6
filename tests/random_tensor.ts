// Tensors of normal numbers, the same for the same seed.
import { key, type Tensor, tf } from "../mod.ts";
import { normalArray } from "../lib/tensor/mod.ts";

/**
 * A tensor of normal numbers.
 *
 * @param seed of the key they are drawn from
 * @param shape the tensor's
 */
export function randomTensor(seed: number, shape: number[]): Tensor {
  return tf.tensor(normalArray(key(seed), tf.util.sizeFromShape(shape)), shape);
}
