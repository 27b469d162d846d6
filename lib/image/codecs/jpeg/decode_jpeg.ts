// Decodes JPEG files: gray, color and print colors, baseline and progressive, upright.

// Of the decoders on npm, jpeg-js fits best. It works from a URL import, while those of WebAssembly have
// to find a second file; and it throws if data ends too early, while those based on libjpeg
// (@jsquash/jpeg 1.6.0) make the rest gray. It repeats colors that are stored at half the size, and
// truncates colors, while libjpeg interpolates and rounds: about one level of 255 from PIL, a third
// of one too dark.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import { decode } from "npm:jpeg-js@0.4.4";
import { upright } from "../exif.ts";
import type { Raster } from "../../image.ts";
import { type JpegHeader, parseJpegHeader } from "./jpeg_header.ts";
import { badJpeg } from "./jpeg_segments.ts";

/**
 * Decodes a file that begins with JPEG's first marker. Cyan, magenta, yellow and black become red,
 * green and blue as r = (1 − c)(1 − k), without a color profile.
 *
 * @throws {SyntaxError} if a rule of the format is broken, or the file is cut
 * @throws {RangeError} if it has too many pixels
 */
export function decodeJpeg(bytes: Uint8Array, file: string): Raster {
  const header = parseJpegHeader(bytes, file);
  const { width, height, orientation, isEnded, isComplete } = header;
  const rgb = rgbBytes(bytes, header, file);
  const channels = header.components === 1 ? 1 : 3;
  const pixels = new Float32Array(width * height * channels);
  const step = 3 / channels; // A gray picture comes with its gray three times.
  for (let i = 0; i < pixels.length; i++) pixels[i] = rgb[i * step]! / 255;
  const image = upright({ width, height, channels, pixels }, orientation);
  if (!isEnded) return { ...image, warning: `${file} has no end marker (EOI)` };
  return isComplete ? image : { ...image, warning: `${file} lacks scans of its detail` };
}

/** The bytes that jpeg-js returns, `[height, width, 3]`. */
function rgbBytes(bytes: Uint8Array, header: JpegHeader, file: string): Uint8Array {
  const { width, height, components, isRgb, isEnded } = header;
  try {
    const image = decode(isEnded ? bytes : withEnd(bytes), {
      useTArray: true,
      formatAsRGBA: false,
      // In a gray picture with restarts jpeg-js counts on to blocks outside the picture, which
      // this ignores. It tolerates nothing else: data that ends too early is refused.
      tolerantDecoding: true,
      ...(components === 3 ? { colorTransform: !isRgb } : {}),
      // The size has been checked, and its memory is in proportion.
      maxResolutionInMP: Infinity,
      maxMemoryUsageInMB: Infinity,
    });
    if (image.width === width && image.height === height) return image.data;
    throw new Error(`its size became ${image.width}×${image.height}`);
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
