// Between red, green and blue and the axes along which photos' colors vary independently.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { alongLast } from "./axis_products.ts";

/** The root of the correlations of ImageNet's colors, from Lucid. */
const ROOT = [[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]] as const;

const LARGEST_NORM = Math.max(
  ...[0, 1, 2].map((column) => Math.hypot(...ROOT.map((row) => row[column]!))),
);

/** Red, green and blue of each axis: row i is what a step along axis i changes. */
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
 * Colors as correlated as those of photos, of ones that are not.
 *
 * @param x `[…, 3]`, by axis
 * @returns `[…, 3]`, red, green and blue
 */
export function correlated(x: Tensor): Tensor {
  return alongLast(x, tf.tensor2d(AXES));
}

/**
 * What {@linkcode correlated} undoes.
 *
 * @param x `[…, 3]`, red, green and blue
 * @returns `[…, 3]`, by axis
 */
export function uncorrelated(x: Tensor): Tensor {
  return alongLast(x, tf.tensor2d(inverse(AXES)));
}
