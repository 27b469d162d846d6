// The headers of a JPEG file, checked before anything is decoded.
import { exifOrientation, type Orientation } from "../exif.ts";
import type { ColorKind } from "./jpeg_color.ts";
import { isFrame, type JpegFrame, parseJpegFrame } from "./jpeg_frame.ts";
import type { JpegScan } from "./jpeg_scan.ts";
import { badJpeg, type JpegSegment, jpegSegments, MARKER } from "./jpeg_segments.ts";
import { addTables, type BitsLeft, type JpegTables, parseScan } from "./jpeg_tables.ts";

/** What the decoder needs. */
export type JpegHeader = {
  readonly frame: JpegFrame;
  readonly scans: readonly JpegScan[];
  /** What the coefficients of each component are multiplied by. */
  readonly steps: ReadonlyMap<number, Int32Array>;
  readonly kind: ColorKind;
  readonly orientation: Orientation;
  /** Whether the file has an end marker. */
  readonly isEnded: boolean;
  /** Whether its scans have sent all bits of all coefficients. */
  readonly isComplete: boolean;
};

/** What is gathered while the file is read. */
type Gathered = {
  frame?: JpegFrame;
  restartInterval: number;
  adobe?: number;
  isJfif?: boolean;
  exif?: Uint8Array;
  readonly scans: JpegScan[];
  readonly steps: Map<number, Int32Array>;
  /** What the scans so far have left. */
  readonly left: BitsLeft;
  /** The tables so far. */
  readonly tables: JpegTables;
};

/**
 * Reads all headers of a JPEG file.
 *
 * @throws {SyntaxError} if it is cut, of an unknown kind, or lacks a part
 * @throws {RangeError} if it has too many pixels, before the rest is read
 */
export function parseJpegHeader(bytes: Uint8Array, file: string): JpegHeader {
  const found: Gathered = {
    restartInterval: 0,
    scans: [],
    steps: new Map(),
    left: new Map(),
    tables: { quantization: new Map(), dc: new Map(), ac: new Map() },
  };
  const segments = jpegSegments(bytes, file);
  let next = segments.next();
  for (; !next.done; next = segments.next()) gather(found, next.value, bytes.length, file);
  const isEnded = next.value;
  const { frame, scans, steps, exif, left } = found;
  if (!frame) throw badJpeg(file, "it must have a frame header (SOF)", "none");
  if (!isEnded && frame.isProgressive) {
    // Whether scans are missing, which only make it sharper, cannot be known.
    const rule = "it must continue to the end of the image (is it cut short?)";
    throw badJpeg(file, rule, `${bytes.length} bytes in all`);
  }
  const ids = frame.components.map(({ id }) => id);
  // The mean of each block, without which it would be gray.
  const missing = ids.filter((id) => (left.get(id)?.[0] ?? -1) < 0);
  if (missing.length > 0) {
    const rule = `a scan must hold each of its components ${ids}`;
    throw badJpeg(file, rule, `none for ${missing}`);
  }
  const kind = kindOf(found, ids, file);
  const orientation = exif ? exifOrientation(exif) : 1;
  const isComplete = ids.every((id) => left.get(id)!.every((bits) => bits === 0));
  return { frame, scans, steps, kind, orientation, isEnded, isComplete };
}

/** What its components mean, as libjpeg guesses it (jdapimin.c, default_decompress_parms). */
function kindOf({ adobe, isJfif }: Gathered, ids: readonly number[], file: string): ColorKind {
  if (ids.length === 1) return "gray";
  if (ids.length === 4) {
    if (adobe !== undefined) return adobe === 0 ? "cmyk" : "ycck";
    // What such numbers mean is not agreed on: Adobe's are inverted, others may be.
    throw badJpeg(file, "four components must have an Adobe marker (APP14)", "none");
  }
  const isRgb = adobe === undefined ? String.fromCharCode(...ids) === "RGB" : adobe === 0;
  return isRgb && !isJfif ? "rgb" : "ycc";
}

function gather(found: Gathered, segment: JpegSegment, length: number, file: string): void {
  const { marker, data } = segment;
  const begins = (text: string): boolean =>
    [...text].every((letter, i) => data[i] === letter.charCodeAt(0));
  if (isFrame(marker)) {
    if (found.frame) throw badJpeg(file, "it must have one frame header (SOF)", "two");
    found.frame = parseJpegFrame(segment, length, file);
  } else if (marker === MARKER.SOS) gatherScan(found, segment, file);
  else if (marker === MARKER.DRI) {
    if (data.length !== 2) throw badJpeg(file, "a restart interval must have 2 bytes", data.length);
    found.restartInterval = data[0]! << 8 | data[1]!;
  } else if (marker === MARKER.DQT || marker === MARKER.DHT) addTables(found.tables, segment, file);
  else if (marker === MARKER.APP0 && begins("JFIF\0")) found.isJfif = true;
  else if (marker === MARKER.APP14 && begins("Adobe\0") && data.length > 11) found.adobe = data[11];
  else if (marker === MARKER.APP1 && begins("Exif\0\0")) found.exif ??= data.subarray(6);
}

function gatherScan(found: Gathered, segment: JpegSegment, file: string): void {
  const { frame, scans, steps, restartInterval, left, tables } = found;
  if (!frame) throw badJpeg(file, "a frame header (SOF) must stand before its scans", "none");
  const scan = parseScan(frame, segment, tables, left, restartInterval, file);
  scans.push(scan);
  for (const { component: { id, table } } of scan.parts) {
    // A table may change between scans: the first scan's holds.
    if (!steps.has(id)) steps.set(id, tables.quantization.get(table)!);
  }
}
