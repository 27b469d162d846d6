// Makes PNG files of every kind for the tests, after the specification.
import { crc32, deflateSync } from "node:zlib";

export type PngParts = {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 gray, 2 color, 3 palette, 4 gray with alpha, 6 color with alpha. */
  readonly color: number;
  readonly interlaced?: boolean;
  /** One number a sample; by default some of all sizes. */
  readonly samples?: readonly number[];
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
};

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2]];

export function png(parts: PngParts): Uint8Array {
  const { palette, transparency } = parts;
  const data = deflateSync(raw(parts));
  const half = data.length >> 1;
  return joined([
    SIGNATURE,
    header(parts),
    chunk("tEXt", [0x61, 0, 0x62]),
    palette ? chunk("PLTE", palette) : [],
    transparency ? chunk("tRNS", transparency) : [],
    chunk("IDAT", data.subarray(0, half)),
    chunk("IDAT", data.subarray(half)),
    chunk("IEND", []),
  ]);
}

export function header({ width, height, depth, color, interlaced }: PngParts): Uint8Array {
  const data = new Uint8Array(13);
  new DataView(data.buffer).setUint32(0, width);
  new DataView(data.buffer).setUint32(4, height);
  data.set([depth, color, 0, 0, interlaced ? 1 : 0], 8);
  return chunk("IHDR", data);
}

/** A file of the signature and these chunks. */
export function pngOf(...chunks: Uint8Array[]): Uint8Array {
  return joined([SIGNATURE, ...chunks]);
}

export function chunk(type: string, data: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

export function samplesOf({ width, height, depth, color, samples, palette }: PngParts): number[] {
  const most = palette ? palette.length / 3 : 2 ** depth;
  const count = width * height * CHANNELS[color]!;
  return samples
    ? [...samples]
    : Array.from({ length: count }, (_, i) => (i * i * 7919 + 13) % most);
}

/** The rows, each with the byte of its filter before it, of all passes. */
export function raw(parts: PngParts): Uint8Array {
  const { width, height, depth, color, interlaced } = parts;
  const channels = CHANNELS[color]!;
  const samples = samplesOf(parts);
  const passes = interlaced ? [...ADAM7, [0, 1, 1, 2]] : [[0, 0, 1, 1]];
  const rows: number[][] = [];
  for (const [x0, y0, xStep, yStep] of passes as [number, number, number, number][]) {
    let above: number[] = [];
    for (let y = y0; y < height; y += yStep) {
      const row: number[] = [];
      for (let x = x0; x < width; x += xStep) {
        const at = (y * width + x) * channels;
        row.push(...samples.slice(at, at + channels));
      }
      if (row.length === 0) continue;
      const bytes = packed(row, depth);
      rows.push(filtered(rows.length % 5, bytes, above, Math.max(1, channels * depth / 8)));
      above = bytes;
    }
  }
  return joined(rows);
}

function packed(row: readonly number[], depth: number): number[] {
  if (depth === 16) return row.flatMap((sample) => [sample >> 8, sample & 255]);
  const bits = row.map((sample) => sample.toString(2).padStart(depth, "0")).join("");
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, "0"), 2));
}

/** The filters of the specification's §9, of which each row here has another. */
function filtered(type: number, row: number[], above: number[], step: number): number[] {
  return [type].concat(row.map((byte, i) => {
    const [a, b, c] = [row[i - step] ?? 0, above[i] ?? 0, above[i - step] ?? 0];
    const predicted = [0, a, b, (a + b) >> 1, paeth(a, b, c)][type]!;
    return (byte - predicted) & 255;
  }));
}

function paeth(a: number, b: number, c: number): number {
  const [toA, toB, toC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
}

function joined(parts: readonly ArrayLike<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}
