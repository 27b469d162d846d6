// Rectangles of images written over, by a number or by noise.
import { requireRows } from "./blend.ts";
import { isInBox } from "./box.ts";
import { registerHostKernel } from "./host_kernel.ts";
import { word } from "./random.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels, of `images` and `rows`. */
export const ERASE = "NeocogErase";

/** The numbers of a row: left, top, width, height, two words of a key below 2^24, two unused. */
export const ERASE_ROW = 8;

/** Attributes of the kernel. */
export type EraseAttributes = {
  /** What is written: a number, or random ones from 0 up to 1, as the row's key has them. */
  readonly fill: number | "noise";
};

/**
 * Writes over a rectangle of each image. Noise is one number for each channel of each pixel: the
 * random word of its place in the image.
 *
 * @param images `[N, H, W, C]`, float32
 * @param rows `[N, 8]`, float32: left, top, width, height, two whole numbers below 2^24 as a key, unused
 * @returns images of the same shape
 * @throws {TypeError} if the shapes are others
 */
export function erase(images: Tensor, rows: Tensor, fill: number | "noise"): Tensor {
  requireRows("erase parts of images", images, rows, ERASE_ROW);
  const attributes: EraseAttributes = { fill };
  return tf.engine().runKernel(ERASE, { images, rows }, attributes);
}

registerHostKernel<EraseAttributes>(ERASE, ({ images, rows }, { fill }) => {
  const [, height, width, channels] = images!.shape as [number, number, number, number];
  const size = height * width * channels;
  const values = images!.values.map((value, i) => {
    const row = Math.floor(i / size) * ERASE_ROW;
    const pixel = Math.floor(i / channels) % (height * width);
    if (!isInBox(pixel % width, Math.floor(pixel / width), rows!.values, row)) return value;
    if (fill !== "noise") return fill;
    return (word([rows!.values[row + 4]!, rows!.values[row + 5]!], i % size) >>> 8) / 2 ** 24;
  });
  return [{ values, shape: images!.shape }];
});
