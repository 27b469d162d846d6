// The windows by which occlusion covers an image, and what each pixel gets of the losses.
import type { Pair } from "../../layers/window.ts";
import { requireRange, requireWhole } from "../../text/require.ts";

/** The rows or columns that a window covers, from `first` on. */
type Span = { readonly first: number; readonly size: number };

/** A window's position in the image. */
export type OcclusionWindow = { readonly rows: Span; readonly columns: Span };

/**
 * The default side of a window: an eighth of the image's side, rounded up to an even number, as
 * the halves of odd windows overlap by a line of pixels that would be seen.
 *
 * @param length the image's height or width, in pixels
 * @returns pixels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { windowSide } from "./occlusion_windows.ts";
 *
 * assertEquals([227, 28, 1].map(windowSide), [30, 4, 1]);
 * ```
 */
export function windowSide(length: number): number {
  return Math.min(length, 2 * Math.ceil(length / 16));
}

/** All windows, row by row; the last of a row or column ends at the image's edge. */
export function windowsIn(
  height: number,
  width: number,
  window?: Pair,
  stride?: Pair,
): OcclusionWindow[] {
  const size = pairOf(window ?? [windowSide(height), windowSide(width)]);
  const step = pairOf(stride ?? [Math.ceil(size[0] / 2), Math.ceil(size[1] / 2)]);
  const down = spansAlong("height", height, size[0], step[0]);
  const across = spansAlong("width", width, size[1], step[1]);
  return down.flatMap((rows) => across.map((columns) => ({ rows, columns })));
}

function pairOf(pair: Pair): readonly [number, number] {
  return typeof pair === "number" ? [pair, pair] : pair;
}

function spansAlong(axis: string, length: number, size: number, stride: number): Span[] {
  const action = "cover a part of the image";
  requireWhole(action, `the window's ${axis}`, size);
  requireWhole(action, `the stride along the ${axis}`, stride);
  const fits = `the window's ${axis} must be at most the image's, ${length}`;
  requireRange(action, fits, size <= length, size);
  const overlaps = `the stride along the ${axis} must be at most the window's, ${size}`;
  requireRange("cover the whole image", overlaps, stride <= size, stride);
  const count = Math.ceil((length - size) / stride) + 1;
  return Array.from(
    { length: count },
    (_, i) => ({ first: Math.min(i * stride, length - size), size }),
  );
}

/** Calls a function for each pixel of a window, by its number in the image. */
export function eachPixel(
  { rows, columns }: OcclusionWindow,
  width: number,
  visit: (pixel: number) => void,
): void {
  for (let y = rows.first; y < rows.first + rows.size; y++) {
    for (let x = columns.first; x < columns.first + columns.size; x++) visit(y * width + x);
  }
}

/** What is seen of an image if a window is covered: 1, or 0 inside it, `[height, width]`. */
export function seenBeside(window: OcclusionWindow, height: number, width: number): Float32Array {
  const seen = new Float32Array(height * width).fill(1);
  eachPixel(window, width, (pixel) => seen[pixel] = 0);
  return seen;
}

/** For each pixel, the mean loss of the windows that cover it. */
export function meanLosses(
  height: number,
  width: number,
  windows: readonly OcclusionWindow[],
  lossOf: (window: number) => number,
): Float32Array {
  const sums = new Float64Array(height * width);
  const counts = new Uint32Array(height * width);
  windows.forEach((window, i) => {
    const loss = lossOf(i);
    eachPixel(window, width, (pixel) => {
      sums[pixel]! += loss;
      counts[pixel]!++;
    });
  });
  return Float32Array.from(sums, (sum, i) => sum / counts[i]!);
}
