// The frame header of a JPEG file: the size of the picture and of its components.
import { checkPixelCount } from "../../image.ts";
import { badJpeg, type JpegSegment, MARKER } from "./jpeg_segments.ts";

/**
 * A component: its name in scans, how many blocks of 8 × 8 samples it has across and down, and the
 * number of its quantization table.
 */
export type JpegComponent = {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly table: number;
};

/** A frame header. */
export type JpegFrame = {
  readonly width: number;
  readonly height: number;
  /** One, three or four components. */
  readonly components: readonly JpegComponent[];
  /** The number of units of all components, in a scan of several. */
  readonly units: number;
  readonly isProgressive: boolean;
  /** Whether libjpeg-turbo's package refuses what it is made of. */
  readonly isRare: boolean;
};

/** The sampling factors that libjpeg-turbo's package takes of three components. */
const USUAL_SAMPLINGS: ReadonlySet<string> = new Set([
  ...["1×1", "2×1", "1×2", "2×2", "4×1", "1×4"].map((luma) => `${luma}, 1×1, 1×1`),
  ...["2×2, 2×1, 2×1", "2×2, 1×2, 1×2", "2×1, 2×1, 2×1", "1×2, 1×2, 1×2", "3×1, 3×1, 3×1"],
]);

/** Whether a marker begins a frame (SOF), of whatever kind. */
export function isFrame(marker: number): boolean {
  const { DHT, JPG, DAC } = MARKER;
  return marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== JPG && marker !== DAC;
}

/**
 * Reads a frame header (T.81 §B.2.2), in a file of `length` bytes.
 *
 * @throws {SyntaxError} if it is of a kind that is not decoded, or breaks a rule
 * @throws {RangeError} if it claims too many pixels
 */
export function parseJpegFrame(
  { marker, data }: JpegSegment,
  length: number,
  file: string,
): JpegFrame {
  if (marker > 0xc2) {
    const kind = marker === 0xc3
      ? "lossless"
      : marker > MARKER.JPG
      ? "arithmetic coding"
      : "hierarchical";
    throw badJpeg(file, "it must be baseline, extended or progressive with Huffman codes", kind);
  }
  const count = data[5] ?? 0;
  if (data.length !== 6 + 3 * count) {
    throw badJpeg(file, `the header of ${count} components must fill its segment`, data.length);
  }
  if (data[0] !== 8) throw badJpeg(file, "it must have 8 bits a sample", data[0]);
  if (count !== 1 && count !== 3 && count !== 4) {
    throw badJpeg(file, "it must have 1, 3 or 4 components", count);
  }
  const [height, width] = [data[1]! << 8 | data[2]!, data[3]! << 8 | data[4]!];
  if (width === 0 || height === 0) {
    throw badJpeg(file, "its header must say width and height", `${width}×${height}`);
  }
  checkPixelCount("JPEG", file, width, height);
  const blocks = blocksOf(width, height, data, file);
  const frame = { width, height, ...blocks, isProgressive: marker === 0xc2 };
  checkLength(frame, length, file);
  return frame;
}

/** The components, by their sampling factors. */
function blocksOf(
  width: number,
  height: number,
  data: Uint8Array,
  file: string,
): Pick<JpegFrame, "components" | "units" | "isRare"> {
  const parts = Array.from({ length: data[5]! }, (_, i) => {
    const [id, factors, table] = data.subarray(6 + 3 * i);
    return { id: id!, h: factors! >> 4, v: factors! & 15, table: table! };
  });
  const sampling = parts.map(({ h, v }) => `${h}×${v}`).join(", ");
  if (parts.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw badJpeg(file, "its sampling factors must be from 1 to 4", sampling);
  }
  const ids = parts.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw badJpeg(file, "its components must differ", ids);
  const mostH = Math.max(...parts.map(({ h }) => h));
  const mostV = Math.max(...parts.map(({ v }) => v));
  const blocks = (size: number, factor: number, most: number): number =>
    Math.ceil(Math.ceil(size * factor / most) / 8);
  return {
    components: parts.map(({ id, h, v, table }) => ({
      id,
      table,
      across: blocks(width, h, mostH),
      down: blocks(height, v, mostV),
    })),
    units: Math.ceil(width / 8 / mostH) * Math.ceil(height / 8 / mostV),
    isRare: parts.length > 1 && !USUAL_SAMPLINGS.has(sampling),
  };
}

/**
 * Checks that so small a file can hold so large a picture, as each block takes at least a bit: thus
 * the file bounds what is decoded.
 */
function checkLength(
  { width, height, components }: JpegFrame,
  length: number,
  file: string,
): void {
  const blocks = components.reduce((sum, { across, down }) => sum + across * down, 0);
  if (blocks <= 8 * length) return;
  const rule = `the ${blocks} blocks of its ${width}×${height} pixels must have a bit each ` +
    "(is it cut short?)";
  throw badJpeg(file, rule, `${length} bytes`);
}

/**
 * Checks that a scan has all its restarts: if one is missing, jpeg-js leaves the rest gray.
 *
 * @param interval units from one restart to the next
 * @param restarts the number of restarts that it has
 */
export function checkRestarts(
  { components, units }: JpegFrame,
  ids: readonly number[],
  interval: number,
  restarts: number,
  file: string,
): void {
  // Alone in its scan, a component's unit is a block.
  const alone = ids.length === 1 ? components.find(({ id }) => id === ids[0]) : undefined;
  const expected = Math.ceil((alone ? alone.across * alone.down : units) / interval) - 1;
  if (restarts >= expected) return;
  throw badJpeg(file, `a scan must have ${expected} restarts (is it damaged?)`, restarts);
}
