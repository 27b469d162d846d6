// The frame header of a JPEG file: the size of the picture and of its components.
import { checkPixelCount } from "../../image.ts";
import { badJpeg, type JpegSegment, MARKER } from "./jpeg_segments.ts";

/** A component: one of the samples that pixels are made of. */
export type JpegComponent = {
  /** Its name in scans. */
  readonly id: number;
  /** The number of its quantization table. */
  readonly table: number;
  /** Its sampling factors, and the largest of all components. */
  readonly h: number;
  readonly v: number;
  readonly mostH: number;
  readonly mostV: number;
  /** How many samples it has. */
  readonly width: number;
  readonly height: number;
  /** How many blocks of 8 × 8 samples. */
  readonly across: number;
  readonly down: number;
  /** Blocks across and down, with those that fill the units of a scan of several components. */
  readonly stride: number;
  readonly rows: number;
};

/** A frame header. */
export type JpegFrame = {
  readonly width: number;
  readonly height: number;
  /** One, three or four components. */
  readonly components: readonly JpegComponent[];
  /** The units of a scan of several components, which hold h × v blocks of each. */
  readonly unitsAcross: number;
  readonly unitsDown: number;
  readonly isProgressive: boolean;
};

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
  const parts = componentsOf(width, height, data, file);
  const frame = { width, height, ...parts, isProgressive: marker === 0xc2 };
  checkLength(frame, length, file);
  return frame;
}

/** The components, by their sampling factors. */
function componentsOf(
  width: number,
  height: number,
  data: Uint8Array,
  file: string,
): Pick<JpegFrame, "components" | "unitsAcross" | "unitsDown"> {
  const parts = Array.from({ length: data[5]! }, (_, i) => {
    const [id, factors, table] = data.subarray(6 + 3 * i);
    return { id: id!, h: factors! >> 4, v: factors! & 15, table: table! };
  });
  if (parts.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    const found = parts.map(({ h, v }) => `${h}×${v}`).join(", ");
    throw badJpeg(file, "its sampling factors must be from 1 to 4", found);
  }
  const ids = parts.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw badJpeg(file, "its components must differ", ids);
  const mostH = Math.max(...parts.map(({ h }) => h));
  const mostV = Math.max(...parts.map(({ v }) => v));
  const [unitsAcross, unitsDown] = [Math.ceil(width / 8 / mostH), Math.ceil(height / 8 / mostV)];
  const components = parts.map(({ h, v, ...part }): JpegComponent => {
    const own = {
      width: Math.ceil(width * h / mostH),
      height: Math.ceil(height * v / mostV),
    };
    return {
      ...part,
      ...{ h, v, mostH, mostV },
      ...own,
      across: Math.ceil(own.width / 8),
      down: Math.ceil(own.height / 8),
      stride: unitsAcross * h,
      rows: unitsDown * v,
    };
  });
  return { components, unitsAcross, unitsDown };
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
