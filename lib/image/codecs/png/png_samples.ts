// The samples of a PNG file: its image data inflated, unfiltered and put in their places. That is our own
// as it inflates once, by Node's zlib, four times as fast as fast-png 8.0.0, and is about as much code as
// what had to stand around that package to check its files.
import { inflateSync } from "node:zlib";
import { badPng, joined, type PngChunk, type PngHeader } from "./png_chunks.ts";

/** Samples, row by row, those of a pixel together. */
export type PngSamples = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** Where a pass starts and how far it steps. */
type Pass = readonly [x: number, y: number, xStep: number, yStep: number];

const WHOLE: readonly Pass[] = [[0, 0, 1, 1]];

/** The passes of an interlaced picture (PNG third edition §8.1). */
const ADAM7: readonly Pass[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/**
 * One number for each sample of a file.
 *
 * @throws {SyntaxError} if the image data is damaged, or has not exactly all pixels
 */
export function pngSamples(
  header: PngHeader,
  chunks: readonly PngChunk[],
  file: string,
): PngSamples {
  const { width, height, depth, channels, interlaced } = header;
  const data = inflated(header, chunks, file);
  const step = Math.max(1, channels * depth / 8);
  const samples = depth === 16
    ? new Uint16Array(width * height * channels)
    : new Uint8Array(width * height * channels);
  let from = 0;
  for (const pass of passesOf(header)) {
    const { columns, rows, bytes } = sizeOf(pass, header);
    const lines = unfiltered(data.subarray(from, from += rows * (1 + bytes)), bytes, step, file);
    if (!interlaced && depth === 8) return lines;
    unpack(lines, { columns, rows, bytes, pass }, header, samples);
  }
  return samples;
}

function passesOf(header: PngHeader): readonly Pass[] {
  if (!header.interlaced) return WHOLE;
  return ADAM7.filter((pass) => {
    const { columns, rows } = sizeOf(pass, header);
    return columns > 0 && rows > 0;
  });
}

/** How many columns and rows a pass has, and the bytes of a row without that of its filter. */
function sizeOf(
  [x, y, xStep, yStep]: Pass,
  { width, height, depth, channels }: PngHeader,
): { readonly columns: number; readonly rows: number; readonly bytes: number } {
  const columns = Math.ceil((width - x) / xStep);
  const rows = Math.ceil((height - y) / yStep);
  return { columns, rows, bytes: Math.ceil(columns * channels * depth / 8) };
}

/** The image data, which must be as long as all passes are: it would inflate without a bound. */
function inflated(header: PngHeader, chunks: readonly PngChunk[], file: string): Uint8Array {
  const expected = passesOf(header).reduce((sum, pass) => {
    const { rows, bytes } = sizeOf(pass, header);
    return sum + rows * (1 + bytes);
  }, 0);
  const parts = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const rule = `its image data must inflate to ${expected} bytes`;
  let data: Uint8Array;
  try {
    data = inflateSync(parts.length === 1 ? parts[0]! : joined(parts), {
      maxOutputLength: expected,
    });
  } catch (cause) {
    const reason = cause instanceof RangeError ? "there is more" : (cause as Error).message;
    throw new SyntaxError(`Cannot decode PNG ${file}: ${rule}: ${reason}`, { cause });
  }
  if (data.length === expected) return data;
  throw badPng(file, rule, data.length);
}

/**
 * Rows without their filters (PNG third edition §9.2).
 *
 * @param lines rows, each with the byte of its filter before it
 * @param length the bytes of a row without that
 * @param step the bytes of a pixel, at least 1
 */
function unfiltered(
  lines: Uint8Array,
  length: number,
  step: number,
  file: string,
): Uint8Array<ArrayBuffer> {
  // A row of zeros stands above the first.
  const out = new Uint8Array(length + lines.length / (1 + length) * length);
  for (let from = 0, to = length; from < lines.length; from += 1 + length, to += length) {
    const filter = FILTERS[lines[from]!];
    if (!filter) {
      throw badPng(file, "the filter of a row must be from 0 to 4 (it is damaged)", lines[from]);
    }
    filter(lines.subarray(from + 1, from + 1 + length), out, to, step);
  }
  return out.subarray(length);
}

/** Each filter: a row's bytes, and where they go; the row above stands before them. */
const FILTERS: readonly ((
  line: Uint8Array,
  out: Uint8Array,
  to: number,
  step: number,
) => void)[] = [
  (line, out, to) => out.set(line, to),
  function left(line, out, to, step) {
    out.set(line.subarray(0, step), to);
    for (let i = step; i < line.length; i++) out[to + i] = line[i]! + out[to + i - step]!;
  },
  function above(line, out, to) {
    const up = to - line.length;
    for (let i = 0; i < line.length; i++) out[to + i] = line[i]! + out[up + i]!;
  },
  function mean(line, out, to, step) {
    const up = to - line.length;
    for (let i = 0; i < step; i++) out[to + i] = line[i]! + (out[up + i]! >> 1);
    for (let i = step; i < line.length; i++) {
      out[to + i] = line[i]! + (out[to + i - step]! + out[up + i]! >> 1);
    }
  },
  function paeth(line, out, to, step) {
    const up = to - line.length;
    for (let i = 0; i < step; i++) out[to + i] = line[i]! + out[up + i]!;
    for (let i = step; i < line.length; i++) {
      const a = out[to + i - step]!;
      const b = out[up + i]!;
      const c = out[up + i - step]!;
      // The nearest of the three to a + b − c, without branches, as they would be mispredicted: if c
      // is beyond both others, the farther of them from it, else c. A mask is −1 for less than 0.
      const less = a - b & (a - b) >> 31;
      const low = b + less;
      const high = a - less;
      const sum = 3 * c - a - b;
      const inner = low + (c - low & (sum - high) >> 31);
      out[to + i] = line[i]! + high + (inner - high & (low - sum) >> 31);
    }
  },
];

/** Puts the samples of a pass in their places. Those of fewer than 8 bits share bytes, high bits first. */
function unpack(
  lines: Uint8Array,
  { columns, rows, bytes, pass: [x0, y0, xStep, yStep] }: ReturnType<typeof sizeOf> & {
    readonly pass: Pass;
  },
  { width, depth, channels }: PngHeader,
  samples: PngSamples,
): void {
  for (let row = 0; row < rows; row++) {
    let to = ((y0 + row * yStep) * width + x0) * channels;
    for (let column = 0; column < columns; column++) {
      for (let c = 0; c < channels; c++) {
        samples[to + c] = sampleAt(lines, row * bytes, column * channels + c, depth);
      }
      to += xStep * channels;
    }
  }
}

function sampleAt(lines: Uint8Array, row: number, i: number, depth: number): number {
  if (depth === 8) return lines[row + i]!;
  if (depth === 16) return lines[row + 2 * i]! << 8 | lines[row + 2 * i + 1]!;
  const bit = i * depth;
  return lines[row + (bit >> 3)]! >> (8 - depth - (bit & 7)) & ((1 << depth) - 1);
}
