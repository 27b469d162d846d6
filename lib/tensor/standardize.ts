// Numbers of mean 0 and variance 1 over some axes.
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/**
 * Subtracts the mean over some axes and divides by the deviation, (x − μ) / √(σ² + ε).
 *
 * @param x any tensor
 * @param axes which axes, from 0
 * @param epsilon added to the variance
 */
export function standardize(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const centered = tf.sub(x, tf.mean(x, [...axes], true));
  const variance = tf.mean(tf.square(centered), [...axes], true);
  return tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon)));
}
