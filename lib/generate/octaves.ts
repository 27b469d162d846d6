// An image at several sizes, each by a factor larger than the one before.
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/** Height and width. */
export type Size = readonly [height: number, width: number];

/**
 * The sizes of an image's octaves, the smallest first, its own last.
 *
 * @param shape the image's, `[H, W, C]`
 * @param octaves how many, from 1
 * @param factor how much larger each is than the one before, above 1
 * @throws {RangeError} where octaves or factor are out of range, or a side would have no pixel
 */
export function sizesOf([height, width]: Shape, octaves: number, factor: number): Size[] {
  if (!Number.isInteger(octaves) || octaves < 1) {
    throw new RangeError(
      `Cannot dream: the number of octaves must be a whole number from 1, got ${octaves}`,
    );
  }
  if (!(factor > 1 && factor < Infinity)) {
    throw new RangeError(
      `Cannot dream: each octave must be by a finite factor above 1 larger, got ${factor}`,
    );
  }
  const sizes = Array.from({ length: octaves }, (_, i): Size => {
    const share = factor ** (i - octaves + 1);
    return [Math.round(height! * share), Math.round(width! * share)];
  });
  if (Math.min(...sizes[0]!) >= 1) return sizes;
  throw new RangeError(
    `Cannot dream: the smallest octave must have pixels, got ${
      sizes[0]!.join(" × ")
    }, of ${height} × ${width} in ${octaves} octaves`,
  );
}

/**
 * Images of another size, by bilinear interpolation.
 *
 * @param images `[N, H, W, C]`
 * @param size height and width
 * @returns the images; the caller owns them
 */
export function resized(images: Tensor, [height, width]: Size): Tensor {
  if (images.shape[1] === height && images.shape[2] === width) return tf.clone(images);
  return tf.image.resizeBilinear(images as tf.Tensor4D, [height, width], false, true);
}

/**
 * An image at each of its sizes. Each is made from the next larger one, so that no pixel is passed over.
 *
 * @param image `[H, W, C]`
 * @param sizes the smallest first, its own last
 * @returns images `[1, H, W, C]`; the caller owns them
 */
export function pyramidOf(image: Tensor, sizes: readonly Size[]): Tensor[] {
  const images: Tensor[] = [tf.expandDims(image, 0)];
  for (const size of sizes.slice(0, -1).toReversed()) images.unshift(resized(images[0]!, size));
  return images;
}
