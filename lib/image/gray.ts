// Makes pictures gray, for networks with one input channel.
import { checkImage, type Image } from "./image.ts";

/** The luma weights of red, green and blue, ITU-R BT.601-7 §2.5.1. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Makes a picture gray: y = 0.299 r + 0.587 g + 0.114 b (ITU-R BT.601-7 §2.5.1), as PIL's mode "L".
 * Transparent parts are white: a·y + (1 − a).
 *
 * @param image a picture of 1, 3 or 4 channels
 * @returns one of 1 channel and the same size; the picture itself if it is already gray
 * @throws {RangeError | TypeError} if the image's size and pixels disagree
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { toGray } from "@neocog/neocog/image";
 *
 * const clear = { width: 1, height: 1, channels: 4, pixels: new Float32Array(4) } as const;
 * assertEquals([...toGray(clear).pixels], [1]);
 * ```
 */
export function toGray(image: Image): Image {
  checkImage(image);
  const { width, height, channels, pixels } = image;
  if (channels === 1) return image;
  const gray = new Float32Array(width * height);
  for (let i = 0; i < gray.length; i++) {
    const at = i * channels;
    const luma = LUMA[0] * pixels[at]! + LUMA[1] * pixels[at + 1]! + LUMA[2] * pixels[at + 2]!;
    const alpha = channels === 4 ? pixels[at + 3]! : 1;
    gray[i] = alpha * luma + (1 - alpha);
  }
  return { width, height, channels: 1, pixels: gray };
}
