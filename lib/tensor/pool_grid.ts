// The windows of tfjs's pooling operations.
import { tf } from "./tf.ts";
import type { WindowGrid } from "./windows.ts";

/** The attributes tfjs hands to its pooling kernels. */
export type PoolAttributes = {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
};

/**
 * The windows over images of a shape.
 *
 * @param shape `[N, H, W, C]`
 */
export function poolGrid(
  shape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): WindowGrid {
  const images = shape as [number, number, number, number];
  const g = tf.backend_util.computePool2DInfo(
    images,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  return {
    size: [g.filterHeight, g.filterWidth],
    stride: [g.strideHeight, g.strideWidth],
    before: [g.padInfo.top, g.padInfo.left],
    input: [g.inHeight, g.inWidth],
    output: [g.outHeight, g.outWidth],
  };
}

/**
 * Whether tfjs takes a pooling for nothing at all: windows of one pixel, as many as pixels.
 * With padding its windows would lie elsewhere, but its backends and tests agree on this.
 */
export function poolsNothing({ size, input, output }: WindowGrid): boolean {
  return size[0] === 1 && size[1] === 1 && input[0] === output[0] && input[1] === output[1];
}
