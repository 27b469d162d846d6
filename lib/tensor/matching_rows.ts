// How many rows of two matrices have their largest number at the same place.
import { type HostTensor, registerHostKernel } from "./host_kernel.ts";
import type { Scalar, Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const MATCHING_ROWS = "NeocogMatchingRows";

/**
 * Counts rows whose largest numbers are in the same column; of equal numbers the
 * first counts. A row with a NaN has no largest number: it matches nothing.
 *
 * @param a a matrix, float32 `[N, classes]`
 * @param b another of the same type and shape
 * @returns the count; of rows without classes, all
 */
export function matchingRows(a: Tensor, b: Tensor): Scalar {
  return tf.engine().runKernel(MATCHING_ROWS, { a, b }) as Scalar;
}

registerHostKernel(MATCHING_ROWS, ({ a, b }) => {
  const [rows, classes] = a!.shape as [number, number];
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const place = placeOnHost(a!, row, classes);
    if (place !== undefined && place === placeOnHost(b!, row, classes)) count++;
  }
  return [{ values: Float32Array.of(count), shape: [] }];
});

function placeOnHost({ values }: HostTensor, row: number, classes: number): number | undefined {
  let place = 0;
  for (let column = 0; column < classes; column++) {
    const value = values[row * classes + column]!;
    if (Number.isNaN(value)) return undefined;
    if (value > values[row * classes + place]!) place = column;
  }
  return place;
}
