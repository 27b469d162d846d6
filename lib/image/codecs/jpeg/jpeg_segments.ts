// The segments of a JPEG file, from the first marker to the last.

/** A segment of the file. */
export type JpegSegment = {
  /** The second byte of its marker. */
  readonly marker: number;
  readonly data: Uint8Array;
  /** The number of restart markers in the coded data that follows the header of a scan. */
  readonly restarts: number;
};

/** Markers by name (ITU-T T.81, table B.1). */
export const MARKER = {
  DHT: 0xc4,
  JPG: 0xc8,
  DAC: 0xcc,
  EOI: 0xd9,
  SOS: 0xda,
  DQT: 0xdb,
  DRI: 0xdd,
  APP0: 0xe0,
  APP1: 0xe1,
  APP14: 0xee,
} as const;

/** The error for a JPEG file that breaks a rule of its format. */
export function badJpeg(file: string, rule: string, found: unknown): SyntaxError {
  return new SyntaxError(`Cannot decode JPEG ${file}: ${rule}, got ${found}`);
}

/**
 * The segments of a JPEG file after its first marker, up to the end of the image (EOI). The coded
 * data after a scan's header is skipped.
 *
 * They come one by one, so that a reader may refuse the header before the rest is read.
 *
 * @returns whether the file has the end; else it ends in the data of a scan
 * @throws {SyntaxError} if a marker is missing, or the file ends within a segment
 */
export function* jpegSegments(
  bytes: Uint8Array,
  file: string,
): Generator<JpegSegment, boolean, void> {
  let offset = 2;
  while (true) {
    offset = markerAt(bytes, offset, file);
    const marker = bytes[offset + 1]!;
    if (marker === MARKER.EOI) return true;
    const data = segmentData(bytes, offset, file);
    offset += 4 + data.length;
    const scan = marker === MARKER.SOS ? scanAt(bytes, offset) : { end: offset, restarts: 0 };
    yield { marker, data, restarts: scan.restarts };
    if (scan.end === undefined) return false;
    offset = scan.end;
  }
}

/** The place of the marker that begins at `offset`, after fill bytes. */
function markerAt(bytes: Uint8Array, offset: number, file: string): number {
  let at = offset;
  while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
  if (at + 2 > bytes.length) throw cutShort(file, at, bytes);
  if (bytes[at] !== 0xff) {
    throw badJpeg(file, `a marker must stand at byte ${at}`, `byte ${bytes[at]}`);
  }
  return at;
}

function segmentData(bytes: Uint8Array, offset: number, file: string): Uint8Array {
  const start = offset + 4;
  if (start > bytes.length) throw cutShort(file, offset, bytes);
  const length = bytes[offset + 2]! << 8 | bytes[offset + 3]!;
  if (length < 2) throw badJpeg(file, `the segment at byte ${offset} must have a length`, length);
  const end = start + length - 2;
  if (end > bytes.length) throw cutShort(file, offset, bytes);
  return bytes.subarray(start, end);
}

/**
 * Where coded data ends: at a marker that is not a restart; `undefined` at the end of the file. In
 * the data a byte 0xff is followed by 0.
 */
function scanAt(
  bytes: Uint8Array,
  start: number,
): { readonly end: number | undefined; readonly restarts: number } {
  let restarts = 0;
  let at = start;
  while (true) {
    at = bytes.indexOf(0xff, at);
    const next = at < 0 ? undefined : bytes[at + 1];
    if (next === undefined) return { end: undefined, restarts };
    if (next >= 0xd0 && next <= 0xd7) restarts++;
    else if (next !== 0 && next !== 0xff) return { end: at, restarts };
    at++;
  }
}

function cutShort(file: string, offset: number, bytes: Uint8Array): SyntaxError {
  const rule =
    `what begins at byte ${offset} must continue to the end of the image (is it cut short?)`;
  return badJpeg(file, rule, `${bytes.length} bytes in all`);
}
