// The chunks and the header of a PNG file, checked before anything is decoded.
import { crc32 } from "node:zlib";
import { checkPixelCount } from "../../image.ts";

/** What a PNG file begins with. */
export const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;

/** Channels and allowed bit depths by color type (PNG third edition, table 8). */
const COLOR_TYPES: Readonly<Record<number, { channels: 1 | 2 | 3 | 4; depths: number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** The first chunk, IHDR. */
export type PngHeader = {
  readonly width: number;
  readonly height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** Samples a pixel in the file; a palette's index is one. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly palette: boolean;
  readonly interlaced: boolean;
};

/** A chunk: its four letters and its data. */
export type PngChunk = {
  readonly type: string;
  readonly data: Uint8Array;
};

/** The error for a PNG file that breaks a rule of its format. */
export function badPng(file: string, rule: string, found: unknown): SyntaxError {
  return new SyntaxError(`Cannot decode PNG ${file}: ${rule}, got ${found}`);
}

/**
 * Reads the first chunk, the header; refuses too many pixels before any is decoded
 * (https://www.w3.org/TR/png-3/#11IHDR).
 */
export function parsePngHeader(bytes: Uint8Array, file: string): PngHeader {
  const { type, data } = chunkAt(bytes, SIGNATURE.length, file);
  if (type !== "IHDR") throw badPng(file, "its first chunk must be IHDR", type);
  if (data.length !== 13) throw badPng(file, "IHDR must have 13 bytes", data.length);
  const view = new DataView(data.buffer, data.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, color, compression, filter, interlace] = data.subarray(8);
  if (width === 0 || height === 0 || width > 0x7fffffff || height > 0x7fffffff) {
    throw badPng(file, "width and height must be from 1 to 2^31 - 1", `${width}×${height}`);
  }
  const form = COLOR_TYPES[color!];
  if (!form) throw badPng(file, "its color type must be 0, 2, 3, 4 or 6", color);
  if (!form.depths.includes(depth!)) {
    throw badPng(file, `color type ${color} must have a bit depth of ${form.depths}`, depth);
  }
  if (compression !== 0 || filter !== 0 || interlace! > 1) {
    const rule = "compression and filter method must be 0, interlacing 0 or 1";
    throw badPng(file, rule, `${compression}, ${filter}, ${interlace}`);
  }
  checkPixelCount("PNG", file, width, height);
  const { channels } = form;
  return { width, height, depth: depth!, channels, palette: color === 3, interlaced: !!interlace };
}

/** One array of all parts. */
export function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * The chunks that the pixels depend on (IHDR, PLTE, tRNS, IDAT, IEND, and eXIf for the
 * orientation), in the file's order. Texts, times and color profiles are skipped.
 */
export function parsePngChunks(bytes: Uint8Array, file: string): PngChunk[] {
  const chunks: PngChunk[] = [];
  let offset = SIGNATURE.length;
  let type = "";
  while (type !== "IEND") {
    const chunk = chunkAt(bytes, offset, file);
    type = chunk.type;
    offset += 12 + chunk.data.length;
    if (/^(IHDR|PLTE|tRNS|IDAT|IEND|eXIf)$/.test(type)) chunks.push(chunk);
    // An upper-case first letter means that the picture cannot be shown without it.
    else if (/^[A-Z]/.test(type)) {
      throw badPng(file, "each critical chunk must be IHDR, PLTE, IDAT or IEND", type);
    }
  }
  checkOrder(chunks, file);
  return chunks;
}

function chunkAt(bytes: Uint8Array, offset: number, file: string): PngChunk {
  const left = bytes.length - offset;
  if (left < 12) {
    const rule = `a chunk of 12 bytes or more must follow at offset ${offset} (is it cut short?)`;
    throw badPng(file, rule, `${Math.max(left, 0)} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  const length = view.getUint32(0);
  const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
  if (!/^[A-Za-z]{4}$/.test(type)) {
    const rule = `the chunk at offset ${offset} must be named by four letters`;
    throw badPng(file, rule, JSON.stringify(type));
  }
  if (length > left - 12) {
    const rule =
      `chunk ${type} at offset ${offset} must have its ${length} bytes (is it cut short?)`;
    throw badPng(file, rule, `${left - 12} bytes`);
  }
  const data = bytes.subarray(offset + 8, offset + 8 + length);
  const sum = crc32(bytes.subarray(offset + 4, offset + 8 + length));
  if (sum !== view.getUint32(8 + length)) {
    const rule = `chunk ${type} at offset ${offset} must have the checksum ${sum}`;
    throw badPng(file, `${rule} (it is damaged)`, view.getUint32(8 + length));
  }
  return { type, data };
}

/** PLTE, then tRNS, then IDATs without another between (PNG third edition §5.6). */
function checkOrder(chunks: readonly PngChunk[], file: string): void {
  // eXIf changes no pixel if it is there twice, or among IDATs.
  const order = chunks.filter(({ type }) => type !== "eXIf").map(({ type }) => type).join(" ");
  if (/^IHDR( PLTE)?( tRNS)?( IDAT)+ IEND$/.test(order)) return;
  const rule = "its chunks must be IHDR, PLTE and tRNS at most once, IDAT, IEND in this order";
  throw badPng(file, rule, order.length > 80 ? `${order.slice(0, 77)}...` : order);
}
