// How many rows of two matrices have their largest number at the same place.
import { type HostTensor, registerHostKernel } from "./host_kernel.ts";
import type { Scalar, Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const MATCHING_ROWS = "NeocogMatchingRows";

/**
 * Counts rows whose largest numbers are in the same column; of equal numbers the
 * first counts. As in a comparison nothing is larger than NaN and NaN larger than
 * nothing, one at a row's beginning stays, and any other is passed over.
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
    if (placeOnHost(a!, row, classes) === placeOnHost(b!, row, classes)) count++;
  }
  return [{ values: Float32Array.of(count), shape: [] }];
});

function placeOnHost({ values }: HostTensor, row: number, classes: number): number {
  let place = 0;
  for (let column = 1; column < classes; column++) {
    if (values[row * classes + column]! > values[row * classes + place]!) place = column;
  }
  return place;
}
