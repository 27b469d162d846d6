// Encodes images as PNG files.
import { crc32, deflateSync } from "node:zlib";
import { checkImage, type Image } from "../image.ts";
import { joined, SIGNATURE } from "./png/png_chunks.ts";

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
 * assertEquals(await decodeImage(encodePng(red), "red.png"), red);
 * ```
 */
export function encodePng(image: Image): Uint8Array<ArrayBuffer> {
  checkImage(image);
  const { width, height, channels } = image;
  const header = new Uint8Array(13); // PNG third edition §11.2.1
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOR_TYPES[channels]], 8);
  return joined([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rowsOf(image), { level: 3 })),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Gray, color, and color with alpha. */
const COLOR_TYPES = { 1: 0, 3: 2, 4: 6 } as const;

/** The levels, row by row; before each row the number of its filter, none. */
function rowsOf(image: Image): Uint8Array {
  const { width, height, channels, pixels } = image;
  const rows = new Uint8Array(height * (1 + width * channels));
  let to = 0;
  for (let i = 0; i < pixels.length; i++) {
    if (i % (width * channels) === 0) to++;
    const level = Math.round(pixels[i]! * 255);
    if (!(level >= 0 && level <= 255)) throw outOfRange(image, i);
    rows[to++] = level;
  }
  return rows;
}

/** A chunk: its length, four letters, data, and the checksum of letters and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

function outOfRange({ width, channels, pixels }: Image, at: number): RangeError {
  const pixel = Math.floor(at / channels);
  const place = `column ${pixel % width}, row ${Math.floor(pixel / width)}`;
  return new RangeError(
    `Cannot encode an image: its numbers must be from 0 to 1, ` +
      `got ${pixels[at]} at ${place}, channel ${at % channels}`,
  );
}
