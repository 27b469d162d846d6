// The coded data of a scan as bits.
import { type HuffmanCodes, longCode, LOOKED_UP } from "./jpeg_huffman.ts";

/**
 * A reader of bits. What needs speed has these in variables of its own meanwhile: the last `count` bits
 * of `word` come next, then the bytes from `at` on.
 */
export type BitReader = {
  readonly data: Uint8Array;
  at: number;
  word: number;
  count: number;
};

/**
 * Coded data without what is put in so that no marker is in it, in one array, zeros at its end.
 *
 * @param coded the bytes after a scan's header, up to a marker that is not a restart
 * @returns the array, and where each restart interval in it ends
 * @throws {Error} if restarts are not in their order
 */
export function codedBytes(
  coded: Uint8Array,
): { readonly data: Uint8Array; readonly ends: readonly number[] } {
  const data = new Uint8Array(coded.length + LONGEST_BLOCK);
  const ends: number[] = [];
  let to = 0;
  for (let i = 0; i < coded.length; i++) {
    const byte = coded[i]!;
    if (byte !== 0xff) {
      data[to++] = byte;
      continue;
    }
    const next = coded[i + 1];
    if (next === 0xff) continue; // a fill byte
    i++;
    if (next === 0) data[to++] = byte;
    else if (next !== undefined) {
      if (next !== 0xd0 + ends.length % 8) throw new Error("a restart is missing");
      ends.push(to);
    }
  }
  return { data, ends: [...ends, to] };
}

/** The most bytes that a block can read: 64 codes of 16 bits, with 15 bits each. */
const LONGEST_BLOCK = 256;

/** How far a reader has come, in bits. */
export function bitsRead({ at, count }: BitReader): number {
  return 8 * at - count;
}

/** The next bits as a number, 16 at most. */
export function readBits(reader: BitReader, size: number): number {
  fill(reader);
  reader.count -= size;
  return reader.word >>> reader.count & (1 << size) - 1;
}

/** The value of the next code. */
export function readCode(reader: BitReader, codes: HuffmanCodes): number {
  fill(reader);
  const { word, count } = reader;
  const code = codes.codes[word >>> (count - LOOKED_UP) & (1 << LOOKED_UP) - 1] ||
    longCode(codes, word >>> (count - 16) & 0xffff);
  reader.count = count - (code >> 8);
  return code & 255;
}

/** Reads on until there are 16 bits. */
function fill(reader: BitReader): void {
  if (reader.count >= 16) return;
  const { data, at } = reader;
  reader.word = reader.word << 16 | data[at]! << 8 | data[at + 1]!;
  reader.at = at + 2;
  reader.count += 16;
}
