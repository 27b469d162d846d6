// IDX, the format of MNIST's files, read strictly.

import { badFile } from "./bad_file.ts";
import { gunzip, inside, isGzip } from "./gzip.ts";

/** The content of an IDX file of unsigned bytes. */
export type Idx = {
  /** The length of each dimension, outermost first: `[N, 28, 28]` for MNIST's images. */
  readonly shape: readonly number[];
  /** The values in row-major order, their count being the product of the shape. */
  readonly values: Uint8Array;
};

/**
 * Parses the bytes of an IDX file: two zero bytes, the type of the values, the
 * number of dimensions, each dimension as a 32-bit big-endian number, then the
 * values. Only unsigned bytes (type `0x08`) are supported, which is all that MNIST
 * and similar sets use. Nothing is copied: the values are a view.
 *
 * Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", "The IDX file format".
 *
 * @param bytes the whole file, not compressed
 * @param file its name, for messages
 * @returns shape and values
 * @throws {SyntaxError} if the magic number is wrong, or the file is shorter or longer than its
 * header says; the message names file, byte offset, what was expected and what was found
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseIdx } from "@neocog/neocog/data";
 *
 * const labels = new Uint8Array([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]);
 * const { shape, values } = parseIdx(labels, "labels");
 * assertEquals([shape, [...values]], [[3], [5, 0, 4]]);
 * ```
 */
export function parseIdx(bytes: Uint8Array, file: string): Idx {
  const header = parseHeader(bytes, file);
  if (header === undefined) {
    throw badFile(file, "its header must be whole", bytes.length, "more of it", "the end");
  }
  const { shape, start, size } = header;
  if (bytes.length < size) {
    const rule = `it must hold the ${shape.join("×")} values its header claims`;
    throw badFile(file, rule, bytes.length, `${size} bytes in all`, `the end`);
  }
  if (bytes.length > size) {
    const found = `${bytes.length - size} more bytes`;
    throw badFile(file, "nothing may follow its data", size, "the end", found);
  }
  return { shape, values: bytes.subarray(start) };
}

/**
 * Reads an IDX file from disk. Whether it is gzipped is told from its first two bytes, not from
 * its name.
 *
 * @param path where it is
 * @returns shape and values
 * @throws {SyntaxError} if it is not a whole and valid IDX file, see {@linkcode parseIdx}; a
 * gzipped file is inflated no further than its header claims
 * @throws {Deno.errors.NotFound} if there is no such file
 */
export async function readIdx(path: string | URL): Promise<Idx> {
  const file = fileName(path);
  const bytes = await Deno.readFile(path);
  if (!isGzip(bytes)) return parseIdx(bytes, file);
  const inner = inside(file);
  const inflated = await gunzip(bytes, file, (head) => parseHeader(head, inner)?.size);
  return parseIdx(inflated, inner);
}

/** A path as messages name it. */
export function fileName(path: string | URL): string {
  if (typeof path === "string") return path;
  return path.protocol === "file:" ? decodeURIComponent(path.pathname) : path.href;
}

/** What an IDX header says; sizes are of the whole file, in bytes. */
type Header = { readonly shape: readonly number[]; readonly start: number; readonly size: number };

/** Parses a header; `undefined` if there are too few bytes yet. */
function parseHeader(bytes: Uint8Array, file: string): Header | undefined {
  const magic = Array.from(bytes.subarray(0, 3));
  const wrong = magic.findIndex((byte, i): boolean => byte !== (i === 2 ? 8 : 0));
  if (wrong >= 0) {
    const rule = "its magic number must be that of IDX with unsigned bytes";
    const found = magic.map((byte): string => byte.toString(16).padStart(2, "0")).join(" ");
    throw badFile(file, rule, wrong, "the file to begin with 00 00 08", found);
  }
  const rank = bytes[3];
  if (rank === undefined) return undefined;
  if (rank === 0) throw badFile(file, "it must have a dimension", 3, "1 or more", rank);
  const start = 4 + 4 * rank;
  if (bytes.length < start) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i): number => view.getUint32(4 + 4 * i));
  return { shape, start, size: start + product(shape) };
}

/** The number of values; beyond 2^53 it is rounded, which is still more than any file holds. */
function product(shape: readonly number[]): number {
  // A product that overflowed to infinity would give NaN with a later zero.
  return shape.includes(0) ? 0 : shape.reduce((count, length): number => count * length, 1);
}
