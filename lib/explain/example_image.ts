// An example of a data set as a picture.
import { type Examples, imageSize } from "../data/examples.ts";
import type { Image } from "../image/image.ts";

/**
 * One example's image.
 *
 * @param examples the images, of one or three channels
 * @param index which, from 0
 * @returns the picture
 * @throws {RangeError} where there is no such example
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exampleImage } from "@neocog/neocog/explain";
 *
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["pixel"],
 * } as const;
 * assertEquals([...exampleImage(examples, 1).pixels], [1]);
 * ```
 */
export function exampleImage(examples: Examples, index: number): Image {
  const { images, labels, imageShape: [height, width, channels] } = examples;
  if (!Number.isInteger(index) || index < 0 || index >= labels.length) {
    throw new RangeError(
      `Cannot show an image of ${examples.name}: its place must be a whole number from 0 to ${
        labels.length - 1
      }, got ${index}`,
    );
  }
  const size = imageSize(examples);
  const bytes = images.subarray(index * size, (index + 1) * size);
  const pixels = Float32Array.from(bytes, (byte) => byte / 255);
  return { height, width, channels: channels as 1 | 3, pixels };
}
