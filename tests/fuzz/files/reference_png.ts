// A second reading of PNG, after the specification (https://www.w3.org/TR/png-3/) and without lib/.
import { inflateSync } from "node:zlib";
import type { image } from "../../../mod.ts";

type Image = image.Image;

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** CRC-32 of bytes, bit by bit. */
export function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A chunk's place in a file. */
export type ChunkPlace = { readonly type: string; readonly start: number; readonly end: number };

/** The chunks of a file, as far as their lengths lead. */
export function chunkPlaces(bytes: Uint8Array): ChunkPlace[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: ChunkPlace[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    found.push({ type, start: at + 8, end: at + 8 + length });
    at += 12 + length;
    if (type === "IEND") break;
  }
  return found;
}

/** The picture, or an error if a rule of the pixels is broken. */
export function readPng(bytes: Uint8Array): Image {
  const chunks = chunkPlaces(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const { start, end } of chunks) {
    if (crcOf(bytes.subarray(start - 4, end)) !== view.getUint32(end)) throw new Error("checksum");
  }
  const dataOf = (type: string): Uint8Array | undefined => {
    const place = chunks.find((one) => one.type === type);
    return place && bytes.subarray(place.start, place.end);
  };
  const head = dataOf("IHDR")!;
  const size = new DataView(head.buffer, head.byteOffset, head.length);
  const [width, height] = [size.getUint32(0), size.getUint32(4)];
  const [depth, color, , , interlaced] = head.subarray(8) as unknown as number[];
  const channels = CHANNELS[color!];
  if (!channels || ![1, 2, 4, 8, 16].includes(depth!) || width * height > 2 ** 26) {
    throw new Error("header");
  }
  const packed = chunks.filter(({ type }) => type === "IDAT")
    .flatMap(({ start, end }) => [...bytes.subarray(start, end)]);
  const raw = inflateSync(Uint8Array.from(packed), { maxOutputLength: 2 ** 26 });
  const samples = new Float64Array(width * height * channels);
  let at = 0;
  for (const [x0, y0, xStep, yStep] of interlaced ? PASSES : [[0, 0, 1, 1]] as const) {
    const columns = Math.max(0, Math.ceil((width - x0) / xStep));
    const rows = Math.max(0, Math.ceil((height - y0) / yStep));
    if (columns === 0) continue;
    const length = Math.ceil(columns * channels * depth! / 8);
    const step = Math.max(1, channels * depth! / 8);
    let above = new Uint8Array(length);
    for (let row = 0; row < rows; row++) {
      const filter = raw[at++]!;
      if (filter > 4 || at + length > raw.length) throw new Error("filter or length");
      const line = raw.slice(at, at + length);
      at += length;
      for (let i = 0; i < length; i++) {
        const [a, b, c] = [line[i - step] ?? 0, above[i]!, above[i - step] ?? 0];
        line[i]! += [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter]!;
      }
      above = line;
      for (let i = 0; i < columns * channels; i++) {
        const [x, y] = [x0 + xStep * Math.floor(i / channels), y0 + yStep * row];
        samples[(y * width + x) * channels + i % channels] = sampleAt(line, i, depth!);
      }
    }
  }
  if (at !== raw.length) throw new Error("data is left");
  return colored(
    { width, height, depth: depth!, color: color!, channels, samples },
    dataOf("PLTE"),
    dataOf("tRNS"),
  );
}

function paeth(a: number, b: number, c: number): number {
  const estimate = a + b - c;
  const nearest = [a, b, c].map((value) => Math.abs(estimate - value));
  return [a, b, c][nearest.indexOf(Math.min(...nearest))]!;
}

function sampleAt(line: Uint8Array, i: number, depth: number): number {
  if (depth === 16) return line[2 * i]! * 256 + line[2 * i + 1]!;
  const bit = i * depth;
  return line[bit >> 3]! >> (8 - depth - bit % 8) & (2 ** depth - 1);
}

function colored(
  { width, height, depth, color, channels, samples }: {
    width: number;
    height: number;
    depth: number;
    color: number;
    channels: number;
    samples: Float64Array;
  },
  palette: Uint8Array | undefined,
  clear: Uint8Array | undefined,
): Image {
  const kept = color === 3
    ? (clear ? 4 : 3)
    : color === 0 && !clear
    ? 1
    : color === 2 && !clear
    ? 3
    : 4;
  const pixels = new Float32Array(width * height * kept);
  const key = clear && color !== 3
    ? Array.from(
      { length: channels },
      (_, c) => clear[2 * c]! * 256 + clear[2 * c + 1]! & (2 ** depth - 1),
    )
    : undefined;
  for (let i = 0; i < width * height; i++) {
    const own = [...samples.subarray(i * channels, (i + 1) * channels)];
    const shares = own.map((sample) => sample / (2 ** depth - 1));
    let rgba: number[];
    if (color === 3) {
      const index = own[0]!;
      if (!palette || 3 * index + 2 >= palette.length) throw new Error("palette");
      rgba = [0, 1, 2].map((c) => palette[3 * index + c]! / 255);
      rgba.push((clear?.[index] ?? 255) / 255);
    } else {
      const alpha = color >= 4
        ? shares.at(-1)!
        : key?.every((value, c) => value === own[c])
        ? 0
        : 1;
      const colors = color === 2 || color === 6
        ? shares.slice(0, 3)
        : [shares[0]!, shares[0]!, shares[0]!];
      rgba = [...colors, alpha];
    }
    for (let c = 0; c < kept; c++) pixels[i * kept + c] = rgba[c]!;
  }
  return { width, height, channels: kept as Image["channels"], pixels };
}
