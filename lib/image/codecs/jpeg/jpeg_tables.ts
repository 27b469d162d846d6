// The tables of a JPEG file, and the scans that use them.
import type { JpegFrame } from "./jpeg_frame.ts";
import type { HuffmanTable } from "./jpeg_huffman.ts";
import { type JpegScan, ZIGZAG } from "./jpeg_scan.ts";
import { badJpeg, type JpegSegment, MARKER } from "./jpeg_segments.ts";

/** The tables that a file has defined so far, by number. */
export type JpegTables = {
  /** What coefficients are multiplied by, in their order in a block. */
  readonly quantization: Map<number, Int32Array>;
  readonly dc: Map<number, HuffmanTable>;
  readonly ac: Map<number, HuffmanTable>;
};

/** The largest number of bits of a DC difference (T.81, table F.1). */
const LARGEST_DC = 15;

/**
 * Adds the tables of a segment of them (DQT or DHT; T.81 §B.2.4).
 *
 * @throws {SyntaxError} if they do not fill the segment, or are of an unknown kind
 */
export function addTables(tables: JpegTables, { marker, data }: JpegSegment, file: string): void {
  let at = 0;
  while (at < data.length) {
    const [kind, id] = [data[at]! >> 4, data[at]! & 15];
    const isHuffman = marker === MARKER.DHT;
    if (kind > 1 || id > 3) {
      const rule = `a ${isHuffman ? "Huffman" : "quantization"} table must be of kind 0 or 1`;
      throw badJpeg(file, `${rule}, with a number from 0 to 3`, `kind ${kind}, number ${id}`);
    }
    const start = at + 1;
    if (isHuffman) {
      const table = huffmanTable(data, start, kind === 0, file);
      (kind === 0 ? tables.dc : tables.ac).set(id, table);
      at = start + 16 + table.values.length;
    } else {
      at = start + 64 * (1 + kind);
      checkEnd(data, at, file);
      tables.quantization.set(id, quantizationTable(data.subarray(start, at)));
    }
  }
}

function checkEnd(data: Uint8Array, end: number, file: string): void {
  if (end <= data.length) return;
  throw badJpeg(file, `its tables must fill their segment of ${data.length} bytes`, end);
}

/** A table of 64 numbers of one or two bytes. */
function quantizationTable(data: Uint8Array): Int32Array {
  const table = new Int32Array(64);
  ZIGZAG.forEach((place, i) => {
    table[place] = data.length === 64 ? data[i]! : data[2 * i]! << 8 | data[2 * i + 1]!;
  });
  return table;
}

/** A Huffman table, of which 16 numbers say how many codes there are of each length. */
function huffmanTable(data: Uint8Array, start: number, isDc: boolean, file: string): HuffmanTable {
  const counts = data.subarray(start, start + 16);
  const end = start + 16 + counts.reduce((sum, count) => sum + count, 0);
  checkEnd(data, end, file);
  const values = data.subarray(start + 16, end);
  const wrong = isDc ? values.find((value) => value > LARGEST_DC) : undefined;
  if (wrong !== undefined) {
    throw badJpeg(file, `a DC table must have values of at most ${LARGEST_DC}`, wrong);
  }
  let free = 1; // The codes of each length that no shorter one begins.
  const excess = counts.findIndex((count) => (free = 2 * free - count) < 0);
  if (excess < 0) return { counts, values };
  throw badJpeg(
    file,
    `a Huffman table must have codes for all its values`,
    `too many of ${excess + 1} bits`,
  );
}

/** The bits that scans have still to send, of each of a component's 64 coefficients; −1 for all. */
export type BitsLeft = Map<number, Int8Array>;

/**
 * Reads a scan's header, checks that it fits its frame and the scans before it (T.81 §B.2.3,
 * §G.1.1.1), and finds its tables.
 *
 * @param tables those before it
 * @param left what the scans before it have left, and it will leave
 */
export function parseScan(
  frame: JpegFrame,
  { data, coded }: JpegSegment,
  tables: JpegTables,
  left: BitsLeft,
  restartInterval: number,
  file: string,
): JpegScan {
  const [count = 0] = data;
  if (data.length !== count * 2 + 4) {
    throw badJpeg(file, `a scan of ${count} components must fill its header`, data.length);
  }
  const band = bandOf(frame, data, file);
  const parts = Array.from({ length: count }, (_, i) => {
    const [id, selectors] = data.subarray(1 + 2 * i) as unknown as [number, number];
    const component = frame.components.find((one) => one.id === id);
    if (!component) {
      const ids = frame.components.map(({ id }) => id);
      throw badJpeg(file, `the components of a scan must be of ${ids}, the frame's`, id);
    }
    noteBits(left, id, band, file);
    return { component, ...tablesOf(tables, component.table, selectors, band, file) };
  });
  return { parts, ...band, restartInterval, coded };
}

type Band = Pick<JpegScan, "first" | "last" | "before" | "now">;

/** The coefficients of a scan: those that are not progressive have all, whatever their header says. */
function bandOf({ isProgressive }: JpegFrame, data: Uint8Array, file: string): Band {
  if (!isProgressive) return { first: 0, last: 63, before: 0, now: 0 };
  const [first, last, approximation] = data.subarray(data.length - 3) as unknown as [
    number,
    number,
    number,
  ];
  const [before, now] = [approximation >> 4, approximation & 15];
  const isBand = first === 0 ? last === 0 : data[0] === 1 && last >= first && last < 64;
  if (isBand && now <= 13 && (before === 0 || before === now + 1)) {
    return { first, last, before, now };
  }
  const rule = "a progressive scan must be of DC or of a band of one component, bit by bit";
  throw badJpeg(file, rule, `${data[0]} of ${first} to ${last}, bits ${before} to ${now}`);
}

function tablesOf(
  { quantization, dc, ac }: JpegTables,
  table: number,
  selectors: number,
  { first, last, before }: Band,
  file: string,
): { readonly dc: HuffmanTable | undefined; readonly ac: HuffmanTable | undefined } {
  const require = (name: string, found: boolean): void => {
    if (found) return;
    throw badJpeg(file, "the tables of a scan must stand before it", `no ${name}`);
  };
  const [dcId, acId] = [selectors >> 4, selectors & 15];
  require(`quantization ${table}`, quantization.has(table));
  if (first === 0 && before === 0) require(`DC ${dcId}`, dc.has(dcId));
  if (last > 0) require(`AC ${acId}`, ac.has(acId));
  return { dc: dc.get(dcId), ac: ac.get(acId) };
}

/** Notes what a scan sends of a component; twice, its numbers would be mixed. */
function noteBits(
  left: BitsLeft,
  id: number,
  { first, last, before, now }: Band,
  file: string,
): void {
  const bits = left.get(id) ?? new Int8Array(64).fill(-1);
  left.set(id, bits);
  const again = bits.subarray(first, last + 1).find((each) => each !== (before > 0 ? before : -1));
  if (again !== undefined) {
    throw badJpeg(file, `a scan must go on where those before it ended`, `component ${id} again`);
  }
  bits.fill(now, first, last + 1);
}
