// Decodes JPEG files: gray, color and print colors, baseline and progressive, upright.
import type { Raster } from "../../image.ts";
import { upright } from "../exif.ts";
import { type JpegHeader, parseJpegHeader } from "./jpeg_header.ts";
import { loadJpegJs } from "./jpeg_js.ts";
import { badJpeg } from "./jpeg_segments.ts";
import { loadLibjpeg } from "./libjpeg.ts";

/**
 * Decodes a file that begins with JPEG's first marker. Cyan, magenta, yellow and black become red,
 * green and blue as r = (1 − c)(1 − k), without a color profile.
 *
 * @returns samples of 8 bits
 * @throws {SyntaxError} if a rule of the format is broken, or the file is cut
 * @throws {RangeError} if it has too many pixels
 */
export async function decodeJpeg(bytes: Uint8Array, file: string): Promise<Raster> {
  const header = parseJpegHeader(bytes, file);
  const { width, height, components, orientation, isEnded, isComplete } = header;
  const channels = components === 1 ? 1 : 3;
  const pixels = await samplesOf(bytes, header, file);
  if (pixels.length !== width * height * channels) {
    throw badJpeg(file, `it must have ${width}×${height} pixels`, `${pixels.length} samples`);
  }
  const image = upright({ width, height, channels, pixels }, orientation);
  if (!isEnded) return { ...image, warning: `${file} has no end marker (EOI)` };
  return isComplete ? image : { ...image, warning: `${file} lacks scans of its detail` };
}

async function samplesOf(
  bytes: Uint8Array,
  header: JpegHeader,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { isEnded, isRare } = header;
  const decode = await (isRare ? loadJpegJs() : loadLibjpeg());
  try {
    return decode(isEnded ? bytes : withEnd(bytes), header);
  } catch (cause) {
    if (!isEnded) {
      throw badJpeg(file, "it must be whole (is it cut short?)", `${bytes.length} bytes in all`);
    }
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot decode JPEG ${file}: its data is damaged: ${reason}`, {
      cause,
    });
  }
}

/** A file with the end marker that it lacks, of which half may be there. */
function withEnd(bytes: Uint8Array): Uint8Array {
  const length = bytes.at(-1) === 0xff ? bytes.length - 1 : bytes.length;
  const whole = new Uint8Array(length + 2);
  whole.set(bytes.subarray(0, length));
  whole.set([0xff, 0xd9], length);
  return whole;
}
