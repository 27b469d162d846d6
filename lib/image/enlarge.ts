// Enlarges small pictures so that their pixels can be seen.
import { requireWhole } from "../text/require.ts";
import { checkImage, type Image } from "./image.ts";

/**
 * Enlarges a picture by a whole factor: each pixel becomes a square, nothing is blurred.
 *
 * @param image a picture of 1, 3 or 4 channels
 * @param factor the squares' side in pixels, a whole number from 1
 * @returns the picture, `factor` times as wide and high; the picture itself if it is 1
 * @throws {RangeError} if the factor is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { enlarge } from "@neocog/neocog/image";
 *
 * const two = { width: 2, height: 1, channels: 1, pixels: new Float32Array([0, 1]) } as const;
 * assertEquals([...enlarge(two, 2).pixels], [0, 0, 1, 1, 0, 0, 1, 1]);
 * ```
 */
export function enlarge(image: Image, factor: number): Image {
  checkImage(image);
  requireWhole("enlarge an image", "the factor", factor);
  if (factor === 1) return image;
  const { channels } = image;
  const [width, height] = [image.width * factor, image.height * factor];
  const pixels = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / factor) * image.width;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.floor(x / factor)) * channels;
      const to = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) pixels[to + c] = image.pixels[from + c]!;
    }
  }
  return { width, height, channels, pixels };
}
