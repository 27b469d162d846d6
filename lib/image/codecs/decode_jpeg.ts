// JPEG files to pictures: gray, color and print colors, baseline and progressive, upright.
import { upright } from "./exif.ts";
import type { Image } from "../image.ts";
import { type JpegHeader, parseJpegHeader } from "./jpeg_header.ts";
import { decode } from "./jpeg_js.ts";

/**
 * Decodes a JPEG file, in a file that has its first marker. Cyan, magenta, yellow and black
 * become red, green and blue as r = (1 − c)(1 − k), without a color profile.
 *
 * @throws {SyntaxError} where a rule of the format is broken, or the file is cut
 * @throws {RangeError} where it has too many pixels
 */
export function decodeJpeg(bytes: Uint8Array, file: string): Image {
  const header = parseJpegHeader(bytes, file);
  const { width, height, orientation } = header;
  const rgb = rgbBytes(bytes, header, file);
  const channels = header.components === 1 ? 1 : 3;
  const pixels = new Float32Array(width * height * channels);
  const step = 3 / channels; // A gray picture comes with its gray three times.
  for (let i = 0; i < pixels.length; i++) pixels[i] = rgb[i * step]! / 255;
  return upright({ width, height, channels, pixels }, orientation);
}

/** The bytes as jpeg-js answers them, `[height, width, 3]`. */
function rgbBytes(bytes: Uint8Array, header: JpegHeader, file: string): Uint8Array {
  const { width, height, components, isRgb } = header;
  try {
    const image = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      // In a gray picture with restarts jpeg-js counts on to blocks outside the picture, which
      // this passes over. It tolerates nothing else: data that ends too early is refused.
      tolerantDecoding: true,
      ...(components === 3 ? { colorTransform: !isRgb } : {}),
      // The size has been checked, and its memory is in proportion.
      maxResolutionInMP: Infinity,
      maxMemoryUsageInMB: Infinity,
    });
    if (image.width === width && image.height === height) return image.data;
    throw new Error(`its size became ${image.width}×${image.height}`);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot decode JPEG ${file}: its data is damaged: ${reason}`, {
      cause,
    });
  }
}
