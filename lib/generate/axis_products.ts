// Products of images with a matrix along each axis: blurs and Fourier bases, as dense products.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * A matrix's tensor from a function of its places.
 *
 * @param rows how many rows
 * @param columns how many columns
 * @param value the number at a row and a column
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
 * The product of a tensor's last axis with a matrix. tfjs has no gradient for a product that
 * repeats a matrix over a batch: this is one product of all rows.
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
