// Files of pictures to images, by what the bytes are and not by the name.
import { decodeJpeg } from "./decode_jpeg.ts";
import { decodePng } from "./decode_png.ts";
import { fileKind } from "./file_kind.ts";
import type { Image } from "../image.ts";

/** A decoder for each kind of file that is known. */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array, file: string) => Image>> = {
  PNG: decodePng,
  JPEG: decodeJpeg,
};

/**
 * Decodes a picture. Of PNG, every color type and bit depth: palettes become colors, gray
 * with alpha becomes red, green, blue and alpha, as does a picture with one clear color
 * (tRNS). Interlacing is known for 8 and 16 bits a sample. Of JPEG, baseline and progressive
 * files of 8 bits: gray stays one channel, and CMYK and YCCK with Adobe's marker become red,
 * green and blue. What was taken on its side is turned upright (EXIF's orientation). Color
 * profiles, gamma and texts are passed over; of an animation the still picture is taken.
 *
 * @param bytes the whole file
 * @param file its name, for messages
 * @returns the picture, of 1 (gray), 3 or 4 channels, its numbers from 0 to 1
 * @throws {SyntaxError} where the file is of another kind, which is named, or is cut or damaged
 * @throws {RangeError} where it claims more than 2^26 pixels; none is decoded
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { decodeImage, encodePng } from "@neocog/neocog/image";
 *
 * const image = { width: 2, height: 1, channels: 1, pixels: new Float32Array([0, 1]) } as const;
 * assertEquals(decodeImage(encodePng(image), "two.png"), image);
 *
 * const text = new TextEncoder().encode("no picture");
 * assertThrows(() => decodeImage(text, "a.png"), SyntaxError, "got text");
 * ```
 */
export function decodeImage(bytes: Uint8Array, file: string): Image {
  const kind = fileKind(bytes);
  const decoder = DECODERS[kind];
  if (decoder) return decoder(bytes, file);
  const known = Object.keys(DECODERS).join(" or ");
  throw new SyntaxError(
    `Cannot decode image ${file}: it must be a ${known} file, got ${kind}`,
  );
}
