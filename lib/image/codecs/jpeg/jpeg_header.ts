// The headers of a JPEG file, checked before anything is decoded.
import { exifOrientation, type Orientation } from "../exif.ts";
import { checkRestarts, isFrame, type JpegFrame, parseJpegFrame } from "./jpeg_frame.ts";
import { badJpeg, type JpegSegment, jpegSegments, MARKER } from "./jpeg_segments.ts";
import { type BitsLeft, checkScan, type TableName, tablesIn } from "./jpeg_tables.ts";

/** What the decoder needs. */
export type JpegHeader = {
  readonly width: number;
  readonly height: number;
  /** Samples a pixel in the file: gray, three of color, or cyan, magenta, yellow and black. */
  readonly components: 1 | 3 | 4;
  /** Whether three components are red, green and blue and not luma and chroma. */
  readonly isRgb: boolean;
  /** Whether libjpeg-turbo's package refuses such files. */
  readonly isRare: boolean;
  readonly orientation: Orientation;
  /** Whether the file has an end marker. */
  readonly isEnded: boolean;
  /** Whether its scans have sent all bits of all coefficients. */
  readonly isComplete: boolean;
};

/** What is gathered while the file is read. */
type Gathered = {
  frame?: JpegFrame;
  restartInterval?: number;
  adobe?: number;
  isJfif?: boolean;
  exif?: Uint8Array;
  /** What the scans so far have left. */
  readonly left: BitsLeft;
  /** The tables so far. */
  readonly tables: Set<TableName>;
};

/**
 * Reads all headers of a JPEG file.
 *
 * @throws {SyntaxError} if it is cut, of an unknown kind, or lacks a part
 * @throws {RangeError} if it has too many pixels, before the rest is read
 */
export function parseJpegHeader(bytes: Uint8Array, file: string): JpegHeader {
  const found: Gathered = { left: new Map(), tables: new Set() };
  const segments = jpegSegments(bytes, file);
  let next = segments.next();
  for (; !next.done; next = segments.next()) gather(found, next.value, bytes.length, file);
  const isEnded = next.value;
  const { frame, adobe, isJfif, exif, left } = found;
  if (!frame) throw badJpeg(file, "it must have a frame header (SOF)", "none");
  const { width, height, isRare } = frame;
  if (!isEnded && frame.isProgressive) {
    // Whether scans are missing, which only make it sharper, cannot be known.
    const rule = "it must continue to the end of the image (is it cut short?)";
    throw badJpeg(file, rule, `${bytes.length} bytes in all`);
  }
  const ids = frame.components.map(({ id }) => id);
  const components = ids.length as 1 | 3 | 4;
  // The mean of each block, without which it would be gray.
  const missing = ids.filter((id) => (left.get(id)?.[0] ?? -1) < 0);
  if (missing.length > 0) {
    const rule = `a scan must hold each of its components ${ids}`;
    throw badJpeg(file, rule, `none for ${missing}`);
  }
  if (ids.length === 4 && adobe === undefined) {
    // What such numbers mean is not agreed on: Adobe's are inverted, others may be.
    throw badJpeg(file, "four components must have an Adobe marker (APP14)", "none");
  }
  // As libjpeg guesses it (jdapimin.c, default_decompress_parms).
  const isRgb = ids.length === 3 && !isJfif &&
    (adobe === undefined ? String.fromCharCode(...ids) === "RGB" : adobe === 0);
  const orientation = exif ? exifOrientation(exif) : 1;
  const isComplete = ids.every((id) => left.get(id)!.every((bits) => bits === 0));
  return { width, height, components, isRgb, isRare, orientation, isEnded, isComplete };
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
  } else if (marker === MARKER.DQT && found.frame?.isRare && found.left.size > 0) {
    // jpeg-js would use it for the scans before it too.
    throw badJpeg(file, "quantization tables must stand before its scans", "one after them");
  } else if (marker === MARKER.DQT || marker === MARKER.DHT) {
    tablesIn(segment, file).forEach((name) => found.tables.add(name));
  } else if (marker === MARKER.APP0 && begins("JFIF\0")) found.isJfif = true;
  else if (marker === MARKER.APP14 && begins("Adobe\0") && data.length > 11) found.adobe = data[11];
  else if (marker === MARKER.APP1 && begins("Exif\0\0")) found.exif ??= data.subarray(6);
}

/** Checks a scan, and notes what it sends. */
function gatherScan(found: Gathered, { data, restarts }: JpegSegment, file: string): void {
  const { frame, restartInterval, left, tables } = found;
  if (!frame) throw badJpeg(file, "a frame header (SOF) must stand before its scans", "none");
  const [count = 0] = data;
  if (data.length !== count * 2 + 4) {
    throw badJpeg(file, `a scan of ${count} components must fill its header`, data.length);
  }
  const ids = Array.from({ length: count }, (_, i) => data[1 + 2 * i]!);
  checkScan(frame, data, tables, left, file);
  if (restartInterval) checkRestarts(frame, ids, restartInterval, restarts, file);
}
