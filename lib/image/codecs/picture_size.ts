// A picture's size, by its header: before anything is decoded.
import { fileKind } from "./file_kind.ts";
import { parseJpegHeader } from "./jpeg/jpeg_header.ts";
import { parsePngHeader } from "./png/png_chunks.ts";

/**
 * Width and height that the header of a PNG or JPEG file claims, before it is turned upright.
 *
 * @param bytes the whole file
 * @param file its name, for messages
 * @returns pixels; `undefined` for files of other kinds, which {@linkcode decodeImage} refuses
 * @throws {SyntaxError} if the header is damaged
 * @throws {RangeError} if it claims more than 2^26 pixels
 */
export function pictureSize(
  bytes: Uint8Array,
  file: string,
): { readonly width: number; readonly height: number } | undefined {
  const kind = fileKind(bytes);
  if (kind === "PNG") return parsePngHeader(bytes, file);
  return kind === "JPEG" ? parseJpegHeader(bytes, file) : undefined;
}
