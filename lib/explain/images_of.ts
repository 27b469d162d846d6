// Between tensors of pixels and pictures.
import { checkImage, type Image } from "../image/image.ts";
import type { Tensor, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * Reads pixels back as pictures. What is below 0 or above 1 is clipped.
 *
 * @param pixels `[N, H, W, C]` or `[H, W, C]`, of 1 or 3 channels, from 0 to 1
 * @returns a picture for each of the N
 * @throws {TypeError} where the shape is another
 * @throws {RangeError} where a number is NaN
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { imagesOf } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [dark, light] = await imagesOf(tf.tensor4d([-1, 2], [2, 1, 1, 1]));
 * assertEquals([dark!.pixels[0], light!.pixels[0]], [0, 1]);
 * ```
 */
export async function imagesOf(pixels: Tensor): Promise<Image[]> {
  const { shape, rank } = pixels;
  const [height, width, channels] = shape.slice(-3) as [number, number, number];
  if ((rank !== 3 && rank !== 4) || (channels !== 1 && channels !== 3)) {
    throw new TypeError(
      `Cannot make pictures: pixels must be [N, H, W, 1] or [N, H, W, 3], got [${shape}]`,
    );
  }
  const values = await pixels.data();
  const size = height * width * channels;
  return Array.from({ length: rank === 4 ? shape[0]! : 1 }, (_, n) => ({
    width,
    height,
    channels,
    pixels: Float32Array.from(values.subarray(n * size, (n + 1) * size), clipped),
  }));
}

function clipped(value: number): number {
  if (Number.isNaN(value)) {
    throw new RangeError("Cannot make pictures: pixels must be numbers, got NaN");
  }
  return Math.min(1, Math.max(0, value));
}

/**
 * Puts pictures on the device.
 *
 * @param images pictures of one size, all of 1 channel or all of 3; at least one
 * @returns their pixels from 0 to 1, `[N, H, W, C]`; the caller owns them
 * @throws {TypeError} where sizes or channels differ, or there is alpha
 * @throws {RangeError} where there is no picture
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pixelsOf } from "@neocog/neocog/explain";
 * import { start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const image = { width: 2, height: 1, channels: 1, pixels: new Float32Array([0, 1]) } as const;
 * assertEquals(pixelsOf([image, image]).shape, [2, 1, 2, 1]);
 * ```
 */
export function pixelsOf(images: readonly Image[]): Tensor4D {
  const [first] = images;
  if (!first) {
    throw new RangeError(
      "Cannot use pictures: there must be at least one, got none",
    );
  }
  images.forEach(checkImage);
  const shapeOf = ({ height, width, channels }: Image): string => `${[height, width, channels]}`;
  const other = images.find((image) => shapeOf(image) !== shapeOf(first) || image.channels === 4);
  if (other) {
    throw new TypeError(
      `Cannot use pictures: all must be of one size, gray or in color without alpha, got [${
        shapeOf(other)
      }] beside [${shapeOf(first)}]`,
    );
  }
  const { height, width, channels, pixels } = first;
  const all = new Float32Array(images.length * pixels.length);
  images.forEach((image, n) => all.set(image.pixels, n * pixels.length));
  return tf.tensor4d(all, [images.length, height, width, channels]);
}
