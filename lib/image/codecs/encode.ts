// Encodes images as PNG files.
import { encode } from "./fast_png.ts";
import { checkImage, type Image } from "../image.ts";

/**
 * Encodes an image as a PNG file of 8 bits a sample: each number times 255, rounded.
 *
 * @param image a picture of 1, 3 or 4 channels, with numbers from 0 to 1
 * @returns the file's bytes
 * @throws {RangeError} if a number is NaN, or is below 0 or above 1 by more than half of 1/255: clip
 * such numbers first
 * @throws {TypeError} if the image's size and pixels disagree
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeImage, encodePng } from "@neocog/neocog/image";
 *
 * const red = { width: 1, height: 1, channels: 3, pixels: new Float32Array([1, 0, 0]) } as const;
 * assertEquals(decodeImage(encodePng(red), "red.png"), red);
 * ```
 */
export function encodePng(image: Image): Uint8Array<ArrayBuffer> {
  checkImage(image);
  const { width, height, channels, pixels } = image;
  const data = new Uint8Array(pixels.length);
  for (let i = 0; i < data.length; i++) {
    const level = Math.round(pixels[i]! * 255);
    if (!(level >= 0 && level <= 255)) throw outOfRange(image, i);
    data[i] = level;
  }
  return new Uint8Array(encode({ width, height, channels, depth: 8, data }));
}

function outOfRange({ width, channels, pixels }: Image, at: number): RangeError {
  const pixel = Math.floor(at / channels);
  const place = `column ${pixel % width}, row ${Math.floor(pixel / width)}`;
  return new RangeError(
    `Cannot encode an image: its numbers must be from 0 to 1, ` +
      `got ${pixels[at]} at ${place}, channel ${at % channels}`,
  );
}
