// Decodes PNG files of every color type and depth, with palettes and transparency.
import { exifOrientation, upright } from "../exif.ts";
import type { Raster } from "../../image.ts";
import { badPng, parsePngChunks, parsePngHeader, type PngHeader } from "./png_chunks.ts";
import { type PngSamples, pngSamples } from "./png_samples.ts";

/**
 * Decodes a file that begins with PNG's signature.
 *
 * @returns samples of 8 bits, or of 16 if the file's are
 * @throws {SyntaxError} if a rule of the format is broken
 * @throws {RangeError} if it has too many pixels
 */
export function decodePng(bytes: Uint8Array, file: string): Raster {
  const header = parsePngHeader(bytes, file);
  const chunks = parsePngChunks(bytes, file);
  const dataOf = (type: string) => chunks.find((chunk) => chunk.type === type)?.data;
  const samples = pngSamples(header, chunks, file);
  const image = header.palette
    ? fromPalette(samples, header, dataOf("PLTE"), dataOf("tRNS"), file)
    : fromSamples(samples, header, dataOf("tRNS"), file);
  const exif = dataOf("eXIf");
  return exif ? upright(image, exifOrientation(exif)) : image;
}

/** A picture of gray or color samples; `transparency` is the one color that is clear. */
function fromSamples(
  samples: PngSamples,
  { width, height, depth, channels }: PngHeader,
  transparency: Uint8Array | undefined,
  file: string,
): Raster {
  const key = transparency && clearColor(transparency, depth, channels, file);
  const colors = channels < 3 ? 1 : 3;
  const kept = channels === colors && !key ? colors : 4;
  if (kept === channels && depth >= 8) return { width, height, channels: kept, pixels: samples };
  const count = width * height;
  const pixels = depth === 16 ? new Uint16Array(count * kept) : new Uint8Array(count * kept);
  const white = depth === 16 ? 65535 : 255;
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1; // A whole number.
  for (let i = 0; i < count; i++) {
    const [from, to] = [i * channels, i * kept];
    for (let c = 0; c < Math.min(kept, 3); c++) {
      pixels[to + c] = samples[from + Math.min(c, colors - 1)]! * scale;
    }
    if (kept === 4) pixels[to + 3] = key ? white : samples[from + channels - 1]!;
    if (key?.every((value, c) => value === samples[from + c])) pixels[to + 3] = 0;
  }
  return { width, height, channels: kept, pixels };
}

/** The color that tRNS makes clear, in 16-bit numbers (PNG third edition §11.3.1.1). */
function clearColor(data: Uint8Array, depth: number, channels: number, file: string): number[] {
  const length = 2 * channels;
  if (channels === 2 || channels === 4 || data.length !== length) {
    const rule = channels % 2 === 0
      ? "an image with alpha must have no tRNS"
      : `its tRNS must have ${length} bytes`;
    throw badPng(file, rule, `${data.length} bytes`);
  }
  const view = new DataView(data.buffer, data.byteOffset);
  return Array.from({ length: channels }, (_, c) => view.getUint16(2 * c) & (2 ** depth - 1));
}

/** A picture of palette indices; `alphas` has one for each of the first colors. */
function fromPalette(
  indices: PngSamples,
  { width, height }: PngHeader,
  palette: Uint8Array | undefined,
  alphas: Uint8Array | undefined,
  file: string,
): Raster {
  if (!palette) throw badPng(file, "color type 3 must have a palette (PLTE)", "none");
  const count = palette.length / 3;
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw badPng(file, "its palette must have 1 to 256 colors of 3 bytes", palette.length);
  }
  if (alphas && alphas.length > count) {
    throw badPng(file, `its tRNS must have at most ${count} bytes`, alphas.length);
  }
  const channels = alphas ? 4 : 3;
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const index = indices[i]!;
    if (index >= count) throw badPng(file, `an index must be below ${count}, the palette's`, index);
    for (let c = 0; c < 3; c++) pixels[i * channels + c] = palette[3 * index + c]!;
    if (alphas) pixels[i * 4 + 3] = alphas[index] ?? 255;
  }
  return { width, height, channels, pixels };
}
