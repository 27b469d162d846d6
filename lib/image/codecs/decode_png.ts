// Decodes PNG files of every color type and depth, with palettes and transparency.
import { inflateSync } from "node:zlib";
import { exifOrientation, upright } from "./exif.ts";
import { decode } from "./fast_png.ts";
import type { Image } from "../image.ts";
import {
  badPng,
  parsePngChunks,
  parsePngHeader,
  type PngChunk,
  type PngHeader,
} from "./png_chunks.ts";

/** Where each pass of Adam7 starts and how far it steps: x, y (PNG third edition §8.1). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Decodes a file that begins with PNG's signature.
 *
 * @throws {SyntaxError} if a rule of the format is broken
 * @throws {RangeError} if it has too many pixels
 */
export function decodePng(bytes: Uint8Array, file: string): Image {
  const header = parsePngHeader(bytes, file);
  if (header.interlaced && header.depth < 8) {
    // fast-png 8.0.0 reads such samples as bytes and returns a wrong picture.
    const rule =
      "an interlaced image must have 8 or 16 bits a sample (save it without interlacing)";
    throw badPng(file, rule, header.depth);
  }
  const chunks = parsePngChunks(bytes, file);
  const exif = chunks.find(({ type }) => type === "eXIf")?.data;
  const image = pixelsOf(bytes, header, chunks, file);
  return exif ? upright(image, exifOrientation(exif)) : image;
}

/** The picture as it is stored. */
function pixelsOf(
  bytes: Uint8Array,
  header: PngHeader,
  chunks: readonly PngChunk[],
  file: string,
): Image {
  checkData(header, chunks, file);
  const samples = unpack(rawSamples(bytes, chunks, file), header);
  const transparency = chunks.find(({ type }) => type === "tRNS")?.data;
  if (!header.palette) return fromSamples(samples, header, transparency, file);
  const palette = chunks.find(({ type }) => type === "PLTE")?.data;
  if (!palette) throw badPng(file, "color type 3 must have a palette (PLTE)", "none");
  return fromPalette(samples, header, palette, transparency, file);
}

/**
 * Inflates the data to check that it has exactly all pixels: fast-png fills missing bytes with
 * zeros, does not check the data's checksum, and would inflate without a bound.
 */
function checkData(header: PngHeader, chunks: readonly PngChunk[], file: string): void {
  const expected = rawLength(header);
  const data = concatenated(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  let found: number;
  try {
    found = inflateSync(data, { maxOutputLength: expected }).length;
  } catch (cause) {
    const reason = cause instanceof RangeError ? "there is more" : (cause as Error).message;
    const rule = `its image data must inflate to ${expected} bytes`;
    throw new SyntaxError(`Cannot decode PNG ${file}: ${rule}: ${reason}`, { cause });
  }
  if (found !== expected) {
    throw badPng(file, `its image data must inflate to ${expected} bytes`, found);
  }
}

/** Bytes of the inflated image data: each row begins with a byte for its filter. */
function rawLength({ width, height, depth, channels, interlaced }: PngHeader): number {
  const rows = (width: number, height: number): number =>
    width === 0 ? 0 : height * (1 + Math.ceil(width * channels * depth / 8));
  if (!interlaced) return rows(width, height);
  return ADAM7.reduce((sum, [x, y, xStep, yStep]) => {
    const [columns, lines] = [Math.ceil((width - x) / xStep), Math.ceil((height - y) / yStep)];
    return sum + rows(Math.max(columns, 0), Math.max(lines, 0));
  }, 0);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The samples that fast-png returns: rows of bytes, or of 16-bit numbers. */
function rawSamples(
  bytes: Uint8Array,
  chunks: readonly PngChunk[],
  file: string,
): Uint8Array | Uint16Array {
  // Only these chunks, as it would also parse texts, and inflate a color profile without a bound.
  const needed = chunks.filter(({ type }) => /^I/.test(type)) // IHDR, IDAT, IEND
    .map(({ offset, data }) => bytes.subarray(offset, offset + 12 + data.length));
  try {
    return decode(concatenated([bytes.subarray(0, 8), ...needed])).data as Uint8Array | Uint16Array;
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot decode PNG ${file}: its data is damaged: ${reason}`, { cause });
  }
}

/** One number for each sample: those of fewer than 8 bits share bytes, from the high bits down. */
function unpack(
  packed: Uint8Array | Uint16Array,
  { width, height, depth }: PngHeader,
): Uint8Array | Uint16Array {
  if (depth >= 8) return packed;
  const samples = new Uint8Array(width * height);
  const perByte = 8 / depth;
  const bytesPerRow = Math.ceil(width / perByte);
  for (let i = 0; i < samples.length; i++) {
    const x = i % width;
    const byte = packed[(i - x) / width * bytesPerRow + Math.floor(x / perByte)]!;
    samples[i] = (byte >> (8 - depth * (1 + x % perByte))) & (2 ** depth - 1);
  }
  return samples;
}

/** An image of gray or color samples; `transparency` is the one color that is clear. */
function fromSamples(
  samples: Uint8Array | Uint16Array,
  { width, height, depth, channels }: PngHeader,
  transparency: Uint8Array | undefined,
  file: string,
): Image {
  const key = transparency && clearColor(transparency, depth, channels, file);
  const colors = channels < 3 ? 1 : 3;
  const kept = channels === colors && !key ? colors : 4;
  const pixels = new Float32Array(width * height * kept);
  const most = 2 ** depth - 1;
  for (let i = 0; i < width * height; i++) {
    const [from, to] = [i * channels, i * kept];
    for (let c = 0; c < Math.min(kept, 3); c++) {
      pixels[to + c] = samples[from + Math.min(c, colors - 1)]! / most;
    }
    if (kept === 4) pixels[to + 3] = key ? 1 : samples[from + channels - 1]! / most;
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

/** An image of palette indices; `alphas` has one for each of the first colors. */
function fromPalette(
  indices: Uint8Array | Uint16Array,
  { width, height }: PngHeader,
  palette: Uint8Array,
  alphas: Uint8Array | undefined,
  file: string,
): Image {
  const count = palette.length / 3;
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw badPng(file, "its palette must have 1 to 256 colors of 3 bytes", palette.length);
  }
  if (alphas && alphas.length > count) {
    throw badPng(file, `its tRNS must have at most ${count} bytes`, alphas.length);
  }
  const channels = alphas ? 4 : 3;
  const pixels = new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const index = indices[i]!;
    if (index >= count) throw badPng(file, `an index must be below ${count}, the palette's`, index);
    for (let c = 0; c < 3; c++) pixels[i * channels + c] = palette[3 * index + c]! / 255;
    if (alphas) pixels[i * 4 + 3] = (alphas[index] ?? 255) / 255;
  }
  return { width, height, channels, pixels };
}
