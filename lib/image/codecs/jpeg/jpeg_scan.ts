// Decodes the scans of a JPEG file to coefficients.
import { type BitReader, bitsRead, codedBytes, readBits, readCode } from "./jpeg_bits.ts";
import type { JpegComponent, JpegFrame } from "./jpeg_frame.ts";
import {
  END_OF_BLOCK,
  type HuffmanCodes,
  huffmanCodes,
  type HuffmanTable,
  longCode,
  LOOKED_UP,
  signed,
} from "./jpeg_huffman.ts";

/** A scan: what its header says, with the tables that are known there. */
export type JpegScan = {
  readonly parts: readonly ScanPart[];
  /** The first and the last of the 64 coefficients, in zigzag order. */
  readonly first: number;
  readonly last: number;
  /** The lowest bit that was sent before, or 0, and that this scan sends. */
  readonly before: number;
  readonly now: number;
  /** Units from one restart to the next; 0 for none. */
  readonly restartInterval: number;
  readonly coded: Uint8Array;
};

/** A component of a scan. */
export type ScanPart = {
  readonly component: JpegComponent;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
};

/** The order of coefficients in the file: rows and columns of each. */
export const ZIGZAG: Uint8Array = Uint8Array.from(
  Array.from({ length: 64 }, (_, place) => place).sort((a, b) => {
    const [sumA, sumB] = [a, b].map((place) => (place >> 3) + (place & 7)) as [number, number];
    return sumA - sumB || (sumA % 2 === 0 ? b - a : a - b);
  }),
);

/** A component while a scan is read. */
type Reading = {
  readonly component: JpegComponent;
  readonly coefficients: Int16Array;
  readonly dc: HuffmanCodes;
  readonly ac: HuffmanCodes;
  /** The DC coefficient of the block before. */
  predicted: number;
};

/** Reads one block, to the coefficients from `offset` on. */
type ReadBlock = (reader: BitReader, reading: Reading, offset: number) => void;

/**
 * Reads a scan.
 *
 * @param coefficients of each component, which the scan adds to
 * @throws {Error} if the coded data breaks a rule, or ends too early
 */
export function readScan(
  frame: JpegFrame,
  scan: JpegScan,
  coefficients: ReadonlyMap<JpegComponent, Int16Array>,
): void {
  const none: HuffmanTable = { counts: new Uint8Array(16), values: new Uint8Array() };
  const readings = scan.parts.map(({ component, dc = none, ac = none }): Reading => ({
    component,
    coefficients: coefficients.get(component)!,
    dc: huffmanCodes(dc),
    ac: huffmanCodes(ac),
    predicted: 0,
  }));
  const { data, ends } = codedBytes(scan.coded);
  const units = unitsOf(frame, readings);
  let read = blockReader(frame, scan);
  let reader: BitReader = { data, at: 0, word: 0, count: 0 };
  let interval = 0;
  for (let unit = 0; unit < units.count; unit++) {
    if (scan.restartInterval > 0 && unit > 0 && unit % scan.restartInterval === 0) {
      reader = { data, at: ends[interval++]!, word: 0, count: 0 };
      if (interval >= ends.length) throw new Error("a restart is missing");
      for (const reading of readings) reading.predicted = 0;
      read = blockReader(frame, scan);
    }
    units.visit(unit, (reading, offset) => read(reader, reading, offset));
    if (bitsRead(reader) > 8 * ends[interval]!) throw new Error("it ends too early");
  }
}

/** What is coded together: a block of the only component, or a part of each. */
type Units = {
  readonly count: number;
  /** Calls `read` for each block of a unit. */
  visit(unit: number, read: (reading: Reading, offset: number) => void): void;
};

function unitsOf(frame: JpegFrame, readings: readonly Reading[]): Units {
  const [only] = readings;
  if (readings.length === 1) {
    const { across, down, stride } = only!.component;
    return {
      count: across * down,
      visit(unit, read) {
        const column = unit % across;
        read(only!, 64 * ((unit - column) / across * stride + column));
      },
    };
  }
  return {
    count: frame.unitsAcross * frame.unitsDown,
    visit(unit, read) {
      const column = unit % frame.unitsAcross;
      const row = (unit - column) / frame.unitsAcross;
      for (const reading of readings) {
        const { h, v, stride } = reading.component;
        for (let y = row * v; y < (row + 1) * v; y++) {
          for (let x = column * h; x < (column + 1) * h; x++) read(reading, 64 * (y * stride + x));
        }
      }
    },
  };
}

/** How the blocks of a scan are read, from a restart on. */
function blockReader({ isProgressive }: JpegFrame, scan: JpegScan): ReadBlock {
  if (!isProgressive) return readBlock;
  const { first, before, now } = scan;
  if (first === 0 && before === 0) {
    return (reader, reading, offset) => {
      reading.coefficients[offset] = nextDc(reader, reading) << now;
    };
  }
  if (first === 0) {
    return (reader, { coefficients }, offset) => {
      coefficients[offset]! |= readBits(reader, 1) << now;
    };
  }
  return before === 0 ? bandReader(scan) : refinementReader(scan);
}

/** The next DC coefficient: it is coded as the difference from the one before (T.81 §F.2.2.1). */
function nextDc(reader: BitReader, reading: Reading): number {
  const size = readCode(reader, reading.dc);
  if (size > 0) reading.predicted += signed(readBits(reader, size), size);
  return reading.predicted;
}

/** Reads all coefficients of a block (T.81 §F.2.2). */
function readBlock(reader: BitReader, reading: Reading, offset: number): void {
  const { coefficients, ac } = reading;
  coefficients[offset] = nextDc(reader, reading);
  const { codes, coefficients: lookedUp } = ac;
  const { data } = reader;
  let { at, word, count } = reader; // Most of the time is spent here.
  for (let k = 1; k < 64; k++) {
    if (count < 16) {
      word = word << 16 | data[at]! << 8 | data[at + 1]!;
      at += 2;
      count += 16;
    }
    const next = word >>> (count - LOOKED_UP) & (1 << LOOKED_UP) - 1;
    let found = lookedUp[next]!;
    if (found === 0) {
      const code = codes[next] || longCode(ac, word >>> (count - 16) & 0xffff);
      count -= code >> 8;
      const run = code >> 4 & 15;
      const size = code & 15;
      if (count < size) {
        word = word << 16 | data[at]! << 8 | data[at + 1]!;
        at += 2;
        count += 16;
      }
      const value = size === 0 ? 0 : signed(word >>> (count - size) & (1 << size) - 1, size);
      found = value << 16 | (size > 0 || run === 15 ? run : END_OF_BLOCK) << 8 | size;
    }
    count -= found & 255;
    k += found >> 8 & 255;
    if (k >= END_OF_BLOCK) break;
    if (k > 63) throw new Error("a block has more than 64 coefficients");
    coefficients[offset + ZIGZAG[k]!] = found >> 16;
  }
  reader.at = at;
  reader.word = word;
  reader.count = count;
}

/** The first scan of a band of coefficients (T.81 §G.1.2.2). */
function bandReader({ first, last, now }: JpegScan): ReadBlock {
  let empty = 0; // blocks that have no more
  return (reader, { coefficients, ac }, offset) => {
    if (empty > 0) {
      empty--;
      return;
    }
    for (let k = first; k <= last; k++) {
      const code = readCode(reader, ac);
      const [run, size] = [code >> 4, code & 15];
      if (size === 0 && run < 15) {
        empty = (1 << run) - 1 + readBits(reader, run);
        return;
      }
      k += run;
      if (k > last) throw new Error("a block has more coefficients than its scan");
      const value = size === 0 ? 0 : signed(readBits(reader, size), size);
      coefficients[offset + ZIGZAG[k]!] = value << now;
    }
  };
}

/** A scan that sends one more bit of a band of coefficients (T.81 §G.1.2.3). */
function refinementReader({ first, last, now }: JpegScan): ReadBlock {
  let empty = 0; // blocks that have no new coefficients
  const unit = 1 << now;
  return (reader, { coefficients, ac }, offset) => {
    /** One more bit of a coefficient that is not 0. */
    const refine = (place: number): void => {
      const value = coefficients[place]!;
      if (readBits(reader, 1) === 1 && (value & unit) === 0) {
        coefficients[place] = value + (value < 0 ? -unit : unit);
      }
    };
    let k = first;
    while (k <= last && empty === 0) {
      const code = readCode(reader, ac);
      let run = code >> 4;
      let value = 0;
      if ((code & 15) > 0) {
        if ((code & 15) > 1) throw new Error("a new coefficient has more than one bit");
        value = readBits(reader, 1) === 1 ? unit : -unit;
      } else if (run < 15) {
        empty = (1 << run) + readBits(reader, run);
        break;
      }
      // Past a run of zeros, those that are not 0 not counted.
      for (; k <= last; k++) {
        const place = offset + ZIGZAG[k]!;
        if (coefficients[place] !== 0) refine(place);
        else if (run-- === 0) break;
      }
      if (value !== 0) {
        if (k > last) throw new Error("a block has more coefficients than its scan");
        coefficients[offset + ZIGZAG[k]!] = value;
      }
      k++;
    }
    if (empty === 0) return;
    for (; k <= last; k++) {
      const place = offset + ZIGZAG[k]!;
      if (coefficients[place] !== 0) refine(place);
    }
    empty--;
  };
}
