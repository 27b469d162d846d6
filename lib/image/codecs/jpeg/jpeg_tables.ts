// The tables of a JPEG file, checked to be where its frame and scans look for them: jpeg-js reads on
// past the end of a segment whose tables do not fill it, and finds another picture there.
import type { JpegFrame } from "./jpeg_frame.ts";
import { badJpeg, type JpegSegment, MARKER } from "./jpeg_segments.ts";

/** The name of a table among those a file has defined, `"AC 1"`. */
export type TableName = `${"quantization" | "DC" | "AC"} ${number}`;

/** The largest number of bits of a DC difference (T.81, table F.1). */
const LARGEST_DC = 15;

/**
 * The tables in a segment of them (DQT or DHT; T.81 §B.2.4).
 *
 * @throws {SyntaxError} if they do not fill the segment, or are of an unknown kind
 */
export function tablesIn({ marker, data }: JpegSegment, file: string): TableName[] {
  const names: TableName[] = [];
  let at = 0;
  while (at < data.length) {
    const [kind, id] = [data[at]! >> 4, data[at]! & 15];
    const isHuffman = marker === MARKER.DHT;
    if (kind > 1 || id > 3) {
      const rule = `a ${isHuffman ? "Huffman" : "quantization"} table must be of kind 0 or 1`;
      throw badJpeg(file, `${rule}, with a number from 0 to 3`, `kind ${kind}, number ${id}`);
    }
    const start = at + 1;
    at = isHuffman ? huffmanEnd(data, start, kind === 0, file) : start + 64 * (1 + kind);
    names.push(`${isHuffman ? (kind === 0 ? "DC" : "AC") : "quantization"} ${id}`);
  }
  if (at === data.length) return names;
  throw badJpeg(file, `its tables must fill their segment of ${data.length} bytes`, at);
}

/** Where a Huffman table ends, of which 16 numbers say how many codes there are of each length. */
function huffmanEnd(data: Uint8Array, start: number, isDc: boolean, file: string): number {
  const counts = data.subarray(start, start + 16);
  const end = start + 16 + counts.reduce((sum, count) => sum + count, 0);
  const wrong = isDc
    ? data.subarray(start + 16, end).find((value) => value > LARGEST_DC)
    : undefined;
  if (wrong === undefined) return end;
  throw badJpeg(file, `a DC table must have values of at most ${LARGEST_DC}`, wrong);
}

/** The bits that scans have still to send, of each of a component's 64 coefficients; −1 for all. */
export type BitsLeft = Map<number, Int8Array>;

/**
 * Checks that a scan fits its frame and the scans before it (T.81 §B.2.3, §G.1.1.1), and that all
 * tables that it needs are there.
 *
 * @param data the scan's header
 * @param known the tables before it
 * @param left what the scans before it have left, and it will leave
 */
export function checkScan(
  frame: JpegFrame,
  data: Uint8Array,
  known: ReadonlySet<TableName>,
  left: BitsLeft,
  file: string,
): void {
  const [first, last, approximation] = data.subarray(data.length - 3) as unknown as number[];
  // Other scans have all coefficients whole, whatever their header says.
  const [before, now] = frame.isProgressive ? [approximation! >> 4, approximation! & 15] : [0, 0];
  const [start, end] = frame.isProgressive ? [first!, last!] : [0, 63];
  if (frame.isProgressive) {
    const isBand = start === 0 ? end === 0 : data[0] === 1 && end >= start && end < 64;
    if (!isBand || now > 13 || (before > 0 && before !== now + 1)) {
      const rule = "a progressive scan must be of DC or of a band of one component, bit by bit";
      throw badJpeg(file, rule, `${data[0]} of ${start} to ${end}, bits ${before} to ${now}`);
    }
  }
  for (let i = 0; i < data[0]!; i++) {
    const [id, selectors] = data.subarray(1 + 2 * i) as unknown as [number, number];
    const component = frame.components.find((one) => one.id === id);
    if (!component) {
      const ids = frame.components.map(({ id }) => id);
      throw badJpeg(file, `the components of a scan must be of ${ids}, the frame's`, id);
    }
    const needed: TableName[] = [`quantization ${component.table}`];
    if (start === 0 && before === 0) needed.push(`DC ${selectors >> 4}`);
    if (end > 0) needed.push(`AC ${selectors & 15}`);
    const missing = needed.find((name) => !known.has(name));
    if (missing) throw badJpeg(file, "the tables of a scan must stand before it", `no ${missing}`);
    const bits = left.get(id) ?? new Int8Array(64).fill(-1);
    left.set(id, bits);
    // jpeg-js would mix the numbers of both.
    const again = bits.subarray(start, end + 1).find((each) => each !== (before > 0 ? before : -1));
    if (again !== undefined) {
      throw badJpeg(file, `a scan must go on where those before it ended`, `component ${id} again`);
    }
    bits.fill(now, start, end + 1);
  }
}
