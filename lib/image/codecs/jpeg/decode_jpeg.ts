// Decodes JPEG files: gray, color and print colors, baseline and progressive, upright.

// It computes in libjpeg's whole numbers: pixels are those of Pillow, to the last bit. Of the packages on
// npm, jpeg-js 0.4.4 takes three times as long and is a level or two beside them; libjpeg-turbo in one
// file of plain JavaScript (@cornerstonejs/codec-libjpeg-turbo-8bit 1.2.8) is as exact and as fast, but
// refuses print colors and rare sampling factors, and has to be waited for; as WebAssembly
// (@cwasm/jpeg-turbo 0.1.3, @jsquash/jpeg 1.6.0) it has a second file, which needs a permission.
import type { Raster, Size, Window } from "../../image.ts";
import { upright } from "../exif.ts";
import { colorsOf, type Plane } from "./jpeg_color.ts";
import type { JpegComponent } from "./jpeg_frame.ts";
import { type JpegHeader, parseJpegHeader } from "./jpeg_header.ts";
import { inverseDct } from "./jpeg_idct.ts";
import { readScan } from "./jpeg_scan.ts";
import { badJpeg } from "./jpeg_segments.ts";

/**
 * Decodes a file that begins with JPEG's first marker. Cyan, magenta, yellow and black become red,
 * green and blue as r = (1 − c)(1 − k), without a color profile.
 *
 * @param needed the part that is needed; other pixels may stay black
 * @returns samples of 8 bits
 * @throws {SyntaxError} if a rule of the format is broken, or the file is cut
 * @throws {RangeError} if it has too many pixels
 */
export function decodeJpeg(
  bytes: Uint8Array,
  file: string,
  needed = whole,
): Raster {
  const header = parseJpegHeader(bytes, file);
  const { frame, kind, orientation, isEnded, isComplete } = header;
  const coefficients = coefficientsOf(header, bytes.length, file);
  const { width, height } = frame;
  const window = (orientation === 1 ? needed : whole)({ width, height });
  const planes = frame.components.map((component): Plane => ({
    component,
    samples: samplesOf(
      component,
      coefficients.get(component)!,
      header.steps.get(component.id)!,
      window,
    ),
  }));
  const channels = kind === "gray" ? 1 : 3;
  const pixels = colorsOf(frame, planes, kind, window);
  const image = upright({ width, height, channels, pixels }, orientation);
  if (!isEnded) return { ...image, warning: `${file} has no end marker (EOI)` };
  return isComplete ? image : { ...image, warning: `${file} lacks scans of its detail` };
}

/** The coefficients of each component that its scans send. */
function coefficientsOf(
  { frame, scans, isEnded }: JpegHeader,
  length: number,
  file: string,
): Map<JpegComponent, Int16Array> {
  const coefficients = new Map(
    frame.components.map((each) => [each, new Int16Array(64 * each.stride * each.rows)]),
  );
  try {
    for (const scan of scans) readScan(frame, scan, coefficients);
  } catch (cause) {
    if (!isEnded) {
      throw badJpeg(file, "it must be whole (is it cut short?)", `${length} bytes in all`);
    }
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot decode JPEG ${file}: its data is damaged: ${reason}`, {
      cause,
    });
  }
  return coefficients;
}

function whole({ width, height }: Size): Window {
  return { left: 0, top: 0, width, height };
}

/** The samples of a component, block by block, as far as a part of the picture needs them. */
function samplesOf(
  { h, v, mostH, mostV, across, down, stride }: JpegComponent,
  coefficients: Int16Array,
  steps: Int32Array,
  { left, top, width, height }: Window,
): Uint8Array {
  const samples = new Uint8ClampedArray(64 * across * down);
  const [firstX, endX] = blocksOf(left, width, h / mostH, across);
  const [firstY, endY] = blocksOf(top, height, v / mostV, down);
  for (let y = firstY; y < endY; y++) {
    for (let x = firstX; x < endX; x++) {
      const from = 64 * (y * stride + x);
      inverseDct(coefficients, from, steps, samples, 64 * y * across + 8 * x, 8 * across);
    }
  }
  return new Uint8Array(samples.buffer);
}

/** The blocks along an axis that `count` pixels from `first` on need, with a sample at either side. */
function blocksOf(
  first: number,
  count: number,
  scale: number,
  blocks: number,
): readonly [first: number, end: number] {
  const start = Math.floor((first * scale - 1) / 8);
  return [Math.max(0, start), Math.min(blocks, Math.ceil(((first + count) * scale + 1) / 8))];
}
