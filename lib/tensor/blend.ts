// Images of a batch blended with others of it, inside a rectangle by one share and outside by another.
import { isInBox } from "./box.ts";
import { registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels, of `images` and `rows`. */
export const BLEND = "NeocogBlend";

/** The numbers of a row: partner, left, top, width, height, the partner's share inside and outside, one unused. */
export const BLEND_ROW = 8;

/**
 * Blends each image with a partner: a pixel x and the partner's y become (1 − s) x + s y, where
 * the share s is one inside a rectangle and another outside. With a share of 1 pixels are copies.
 *
 * @param images `[N, H, W, C]`, float32
 * @param rows `[N, 8]`, float32: partner (a place in the batch), left, top, width, height, share
 * inside, share outside, unused
 * @returns images of the same shape
 * @throws {TypeError} if the shapes are others
 */
export function blend(images: Tensor, rows: Tensor): Tensor {
  requireRows("blend images", images, rows, BLEND_ROW);
  return tf.engine().runKernel(BLEND, { images, rows });
}

/**
 * Refuses images that are none, or have not a row each.
 *
 * @throws {TypeError} if the shapes are others than `[N, H, W, C]` and `[N, length]`
 */
export function requireRows(what: string, images: Tensor, rows: Tensor, length: number): void {
  const isFit = images.rank === 4 && rows.rank === 2 && rows.shape[0] === images.shape[0] &&
    rows.shape[1] === length && images.dtype === "float32" && rows.dtype === "float32";
  if (isFit) return;
  throw new TypeError(
    `Cannot ${what}: they must be float32 [N, H, W, C] with a row of ${length} numbers for each, got ${images.dtype} [${images.shape}] with ${rows.dtype} [${rows.shape}]`,
  );
}

registerHostKernel(BLEND, ({ images, rows }) => {
  const [, height, width, channels] = images!.shape as [number, number, number, number];
  const size = height * width * channels;
  const values = images!.values.map((value, i) => {
    const n = Math.floor(i / size);
    const row = n * BLEND_ROW;
    const pixel = Math.floor(i / channels) % (height * width);
    const inside = isInBox(pixel % width, Math.floor(pixel / width), rows!.values, row + 1);
    const share = rows!.values[row + (inside ? 5 : 6)]!;
    const partner = images!.values[rows!.values[row]! * size + i % size]!;
    return (1 - share) * value + share * partner;
  });
  return [{ values, shape: images!.shape }];
});
