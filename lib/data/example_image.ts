// An example of a data set as a picture.
import type { Image } from "../image/image.ts";
import { requireWhole } from "../text/require.ts";
import { type Examples, imageSize } from "./examples.ts";

/**
 * The picture of an example.
 *
 * @param examples the images, of one or three channels
 * @param index which, from 0
 * @returns the picture
 * @throws {RangeError} if there is no such example
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exampleImage } from "@neocog/neocog/data";
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
  requireWhole(`show an image of ${examples.name}`, "its index", index, 0, labels.length - 1);
  const size = imageSize(examples);
  const bytes = images.subarray(index * size, (index + 1) * size);
  const pixels = Float32Array.from(bytes, (byte) => byte / 255);
  return { height, width, channels: channels as 1 | 3, pixels };
}
