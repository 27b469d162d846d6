// Huffman codes of JPEG, looked up ten bits at a time.

/** A Huffman table as its file has it: how many codes there are of each length, and their values. */
export type HuffmanTable = {
  /** Of lengths from 1 to 16. */
  readonly counts: Uint8Array;
  readonly values: Uint8Array;
};

/** The bits that are looked up at once: longer codes are rare. */
export const LOOKED_UP = 10;

/** What bits mean. */
export type HuffmanCodes = {
  /** By the next ten bits: the length of the code in them in bits 8 to 15, and its value; or 0. */
  readonly codes: Uint16Array;
  /**
   * By the next ten bits, if they hold a run of zeros and the coefficient after it: the length of
   * both in bits 0 to 7, the run in bits 8 to 15, the coefficient in those above; or 0.
   */
  readonly coefficients: Int32Array;
  /** By length: the first 16 bits that are beyond its codes, and its values' place less its first code. */
  readonly ends: Int32Array;
  readonly places: Int32Array;
  readonly values: Uint8Array;
};

/** The run of a code that says that all other coefficients are 0. */
export const END_OF_BLOCK = 128;

/** Prepares a table (T.81, annex C). */
export function huffmanCodes({ counts, values }: HuffmanTable): HuffmanCodes {
  const codes = new Uint16Array(1 << LOOKED_UP);
  const [ends, places] = [new Int32Array(17), new Int32Array(17)];
  let [code, place] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    places[length] = place - code;
    for (const end = place + counts[length - 1]!; place < end; place++, code++) {
      const unused = LOOKED_UP - length; // bits
      if (unused < 0) continue;
      codes.fill(length << 8 | values[place]!, code << unused, code + 1 << unused);
    }
    ends[length] = code << (16 - length);
    code <<= 1;
  }
  const coefficients = new Int32Array(1 << LOOKED_UP);
  for (let bits = 0; bits < 1 << LOOKED_UP; bits++) {
    coefficients[bits] = coefficientIn(codes[bits]!, bits);
  }
  return { codes, coefficients, ends, places, values };
}

/** What ten bits hold that begin with a code: 0 if that is not all of a coefficient. */
function coefficientIn(code: number, bits: number): number {
  const length = code >> 8;
  const run = code >> 4 & 15;
  const size = code & 15;
  if (size === 0) return code === 0 ? 0 : (run === 15 ? 15 : END_OF_BLOCK) << 8 | length;
  if (length + size > LOOKED_UP) return 0;
  const value = signed(bits >> (LOOKED_UP - length - size) & (1 << size) - 1, size);
  return value << 16 | run << 8 | length + size;
}

/** The number that bits after a code stand for (T.81, figure F.12). */
export function signed(bits: number, size: number): number {
  return bits < 1 << (size - 1) ? bits + 1 - (1 << size) : bits;
}

/**
 * A code longer than ten bits.
 *
 * @param bits the next 16
 * @returns its length in bits 8 and above, and its value
 * @throws {Error} if there is no such code
 */
export function longCode({ ends, places, values }: HuffmanCodes, bits: number): number {
  for (let length = LOOKED_UP + 1; length <= 16; length++) {
    if (bits < ends[length]!) {
      return length << 8 | values[(bits >> (16 - length)) + places[length]!]!;
    }
  }
  throw new Error("there is no such Huffman code");
}
