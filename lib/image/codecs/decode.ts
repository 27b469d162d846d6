// Decodes pictures, by their bytes and not by their name.
import { type Image, imageOf, type Raster } from "../image.ts";
import { fileKind } from "./file_kind.ts";
import { decodeJpeg } from "./jpeg/decode_jpeg.ts";
import { decodePng } from "./png/decode_png.ts";

/** A decoder for each known kind of file. */
const DECODERS: Readonly<
  Record<string, (bytes: Uint8Array, file: string) => Raster | Promise<Raster>>
> = {
  PNG: decodePng,
  JPEG: decodeJpeg,
};

/**
 * Decodes a picture.
 *
 * - PNG of every color type and bit depth: palettes become colors; gray with alpha becomes red,
 *   green, blue and alpha, as does a picture with one clear color (tRNS).
 * - JPEG, baseline and progressive, of 8 bits, with the pixels that libjpeg-turbo and thus Pillow read,
 *   but for print colors and rare sampling factors: gray stays one channel, and CMYK and YCCK with
 *   Adobe's marker become red, green and blue. A baseline file that lacks only its end marker, and a
 *   progressive one that lacks scans of its detail, is read with a `warning`. Its decoder is loaded with
 *   the first such file.
 *
 * Pictures that were taken on their side are turned upright (EXIF's orientation). Color profiles,
 * gamma and texts are ignored, and only the still picture of an animation is read.
 *
 * @param bytes the whole file
 * @param file its name, for messages
 * @returns the picture, of 1 (gray), 3 or 4 channels, with numbers from 0 to 1
 * @throws {SyntaxError} if the file is of another kind, which is named, or is cut or damaged
 * @throws {RangeError} if it claims more than 2^26 pixels; none are decoded
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { decodeImage, encodePng } from "@neocog/neocog/image";
 *
 * const image = { width: 2, height: 1, channels: 1, pixels: new Float32Array([0, 1]) } as const;
 * assertEquals(await decodeImage(encodePng(image), "two.png"), image);
 *
 * const text = new TextEncoder().encode("no picture");
 * await assertRejects(() => decodeImage(text, "a.png"), SyntaxError, "got text");
 * ```
 */
export async function decodeImage(bytes: Uint8Array, file: string): Promise<Image> {
  return imageOf(await decodeRaster(bytes, file));
}

/** As {@linkcode decodeImage}, of pixels as the file has them. */
export async function decodeRaster(bytes: Uint8Array, file: string): Promise<Raster> {
  const kind = fileKind(bytes);
  const decoder = DECODERS[kind];
  if (decoder) return await decoder(bytes, file);
  const known = Object.keys(DECODERS).join(" or ");
  throw new SyntaxError(
    `Cannot decode image ${file}: it must be a ${known} file, got ${kind}`,
  );
}
