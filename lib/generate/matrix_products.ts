// Products of images with a matrix along an axis, for blurs and Fourier bases.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * A matrix from a function of row and column.
 *
 * @returns the matrix `[rows, columns]`
 */
export function matrixOf(
  rows: number,
  columns: number,
  value: (row: number, column: number) => number,
): Tensor {
  const values = new Float32Array(rows * columns);
  values.forEach((_, i) => values[i] = value(Math.floor(i / columns), i % columns));
  return tf.tensor2d(values, [rows, columns]);
}

/**
 * The product of a tensor's last axis with a matrix, as one product of all rows: tfjs has no
 * gradient for a product that broadcasts a matrix over a batch.
 *
 * @param x `[…, K]`
 * @param matrix `[K, M]`
 * @returns `[…, M]`
 */
export function alongLast(x: Tensor, matrix: Tensor): Tensor {
  const [inner, outer] = matrix.shape as [number, number];
  const rows = tf.reshape(x, [x.size / inner, inner]);
  return tf.reshape(tf.matMul(rows as tf.Tensor2D, matrix as tf.Tensor2D), [
    ...x.shape.slice(0, -1),
    outer,
  ]);
}
