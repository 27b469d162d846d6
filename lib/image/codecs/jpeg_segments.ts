// The frame of a JPEG file: its segments, from the first marker to the last, one by one.

/** A segment of the file. */
export type JpegSegment = {
  /** The second byte of its marker. */
  readonly marker: number;
  readonly data: Uint8Array;
  /** How many restart markers are in the coded data that follows the header of a scan. */
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
 * The segments of a JPEG file after its first marker, in a file that has it, up to the end of
 * the image (EOI). The coded data after a scan's header is passed over.
 *
 * They come one by one, so that a reader may refuse the header before the rest is looked at.
 *
 * @throws {SyntaxError} where no marker stands where one must, or the file ends before EOI
 */
export function* jpegSegments(bytes: Uint8Array, file: string): Generator<JpegSegment, void, void> {
  let offset = 2;
  while (true) {
    offset = markerAt(bytes, offset, file);
    const marker = bytes[offset + 1]!;
    if (marker === MARKER.EOI) return;
    const data = segmentData(bytes, offset, file);
    offset += 4 + data.length;
    const scan = marker === MARKER.SOS ? scanAt(bytes, offset, file) : { end: offset, restarts: 0 };
    yield { marker, data, restarts: scan.restarts };
    offset = scan.end;
  }
}

/** Where the marker is that begins at `offset`, after bytes that only fill. */
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

/** Where coded data ends: at a marker that is no restart. A byte 0xff of the data has 0 after it. */
function scanAt(
  bytes: Uint8Array,
  start: number,
  file: string,
): { readonly end: number; readonly restarts: number } {
  let restarts = 0;
  let at = start;
  while (true) {
    at = bytes.indexOf(0xff, at);
    const next = at < 0 ? undefined : bytes[at + 1];
    if (next === undefined) throw cutShort(file, start, bytes);
    if (next >= 0xd0 && next <= 0xd7) restarts++;
    else if (next !== 0 && next !== 0xff) return { end: at, restarts };
    at++;
  }
}

function cutShort(file: string, offset: number, bytes: Uint8Array): SyntaxError {
  const rule =
    `what begins at byte ${offset} must go on to the end of the image (is it cut short?)`;
  return badJpeg(file, rule, `${bytes.length} bytes in all`);
}
