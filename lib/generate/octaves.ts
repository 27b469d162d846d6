// The octaves of an image: sizes that grow by a factor up to its own.
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireRange, requireWhole } from "../text/require.ts";

/** Height and width. */
export type Size = readonly [height: number, width: number];

/**
 * The sizes of the octaves in ascending order, the image's own last.
 *
 * @param shape shape of the image, `[H, W, C]`
 * @param octaves how many, from 1
 * @param factor how much larger each is than the one before, above 1
 * @throws {RangeError} if octaves or factor are out of range
 */
export function sizesOf([height, width]: Shape, octaves: number, factor: number): Size[] {
  requireWhole("dream", "the number of octaves", octaves);
  const rule = "the factor between octaves must be finite and above 1";
  requireRange("dream", rule, factor > 1 && factor < Infinity, factor);
  return Array.from({ length: octaves }, (_, i): Size => {
    const share = factor ** (i - octaves + 1);
    return [Math.round(height! * share), Math.round(width! * share)];
  });
}

/**
 * Images of another size, by bilinear interpolation.
 *
 * @param images `[N, H, W, C]`
 * @returns the images; the caller owns them
 */
export function resized(images: Tensor, [height, width]: Size): Tensor {
  if (images.shape[1] === height && images.shape[2] === width) return tf.clone(images);
  return tf.image.resizeBilinear(images as tf.Tensor4D, [height, width], false, true);
}

/**
 * An image at each size, made from the next larger one, so that every pixel counts.
 *
 * @param image `[H, W, C]` or `[1, H, W, C]`
 * @param sizes in ascending order, its own last
 * @returns images `[1, H, W, C]`; the caller owns them
 */
export function pyramidOf(image: Tensor, sizes: readonly Size[]): Tensor[] {
  const images: Tensor[] = [tf.reshape(image, [1, ...image.shape.slice(-3)])];
  for (const size of sizes.slice(0, -1).toReversed()) images.unshift(resized(images[0]!, size));
  return images;
}
