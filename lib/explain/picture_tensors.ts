// Between tensors of pixels and pictures on the host.
import { checkImage, type Image } from "../image/image.ts";
import type { Tensor, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * Reads a tensor of pixels as pictures. Values are clipped to 0 to 1.
 *
 * @param pixels `[N, H, W, C]` or `[H, W, C]`, of 1 or 3 channels, from 0 to 1
 * @returns a picture for each of the N
 * @throws {TypeError} if the shape is another
 * @throws {RangeError} if a pixel is NaN
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { toPictures } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [dark, light] = await toPictures(tf.tensor4d([-1, 2], [2, 1, 1, 1]));
 * assertEquals([dark!.pixels[0], light!.pixels[0]], [0, 1]);
 * ```
 */
export async function toPictures(pixels: Tensor): Promise<Image[]> {
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
 * Makes a tensor of pictures.
 *
 * @param pictures pictures of one size, all of 1 channel or all of 3; at least one
 * @returns their pixels from 0 to 1, `[N, H, W, C]`; the caller owns them
 * @throws {TypeError} if sizes or channels differ, or there is an alpha channel
 * @throws {RangeError} if there is no picture
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fromPictures } from "@neocog/neocog/explain";
 * import { start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const picture = { width: 2, height: 1, channels: 1, pixels: new Float32Array([0, 1]) } as const;
 * assertEquals(fromPictures([picture, picture]).shape, [2, 1, 2, 1]);
 * ```
 */
export function fromPictures(pictures: readonly Image[]): Tensor4D {
  const [first] = pictures;
  if (!first) throw new RangeError("Cannot use pictures: there must be at least one, got none");
  pictures.forEach(checkImage);
  const shapeOf = ({ height, width, channels }: Image): string => `${[height, width, channels]}`;
  const other = pictures.find((one) => shapeOf(one) !== shapeOf(first) || one.channels === 4);
  if (other) {
    throw new TypeError(
      `Cannot use pictures: all must be of one size, gray or in color without alpha, got [${
        shapeOf(other)
      }] beside [${shapeOf(first)}]`,
    );
  }
  const { height, width, channels, pixels } = first;
  const all = new Float32Array(pictures.length * pixels.length);
  pictures.forEach((picture, n) => all.set(picture.pixels, n * pixels.length));
  return tf.tensor4d(all, [pictures.length, height, width, channels]);
}
