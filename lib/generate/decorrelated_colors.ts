// Between RGB and the axes along which the colors of photos vary independently.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { alongLast } from "./matrix_products.ts";

/** The square root of the correlations of ImageNet's colors, from Lucid. */
const ROOT = [[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]] as const;

const LARGEST_NORM = Math.max(
  ...[0, 1, 2].map((column) => Math.hypot(...ROOT.map((row) => row[column]!))),
);

/** RGB of each axis: row i is the change by a step along axis i. */
const AXES = [0, 1, 2].map((axis) => ROOT.map((row) => row[axis]! / LARGEST_NORM));

/** The inverse of a 3 × 3 matrix, by cofactors. */
function inverse(m: readonly (readonly number[])[]): number[][] {
  const at = (row: number, column: number): number => m[row % 3]![column % 3]!;
  const cofactor = (row: number, column: number): number =>
    at(row + 1, column + 1) * at(row + 2, column + 2) -
    at(row + 1, column + 2) * at(row + 2, column + 1);
  const determinant = [0, 1, 2].reduce((sum, i) => sum + at(0, i) * cofactor(0, i), 0);
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant));
}

/**
 * RGB of coordinates along the axes.
 *
 * @param x `[…, 3]`, by axis
 * @returns `[…, 3]`, RGB
 */
export function correlated(x: Tensor): Tensor {
  return alongLast(x, tf.tensor2d(AXES));
}

/**
 * The inverse of {@linkcode correlated}.
 *
 * @param x `[…, 3]`, RGB
 * @returns `[…, 3]`, by axis
 */
export function uncorrelated(x: Tensor): Tensor {
  return alongLast(x, tf.tensor2d(inverse(AXES)));
}
