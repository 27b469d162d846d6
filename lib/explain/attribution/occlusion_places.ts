// Where occlusion covers an image, and what each pixel gets of what was lost there.
import type { Pair } from "../../layers/window.ts";

/** The rows or columns that a window covers, from `first` on. */
type Span = { readonly first: number; readonly size: number };

/** A window's place in the image. */
export type Place = { readonly rows: Span; readonly columns: Span };

/**
 * The side of a window where none is given: an eighth of the image's side, rounded up to an even
 * number, as the halves of odd windows overlap by a line of pixels that would be seen.
 *
 * @param length the image's height or width, in pixels
 * @returns pixels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { occlusionWindow } from "@neocog/neocog/explain";
 *
 * assertEquals([227, 28, 1].map(occlusionWindow), [30, 4, 1]);
 * ```
 */
export function occlusionWindow(length: number): number {
  return Math.min(length, 2 * Math.ceil(length / 16));
}

/** All windows, row by row. */
export function placesIn(height: number, width: number, window?: Pair, stride?: Pair): Place[] {
  const size = pairOf(window ?? [occlusionWindow(height), occlusionWindow(width)]);
  const step = pairOf(stride ?? [Math.ceil(size[0] / 2), Math.ceil(size[1] / 2)]);
  const down = spansAlong("height", height, size[0], step[0]);
  const across = spansAlong("width", width, size[1], step[1]);
  return down.flatMap((rows) => across.map((columns) => ({ rows, columns })));
}

function pairOf(pair: Pair): readonly [number, number] {
  return typeof pair === "number" ? [pair, pair] : pair;
}

function spansAlong(axis: string, length: number, size: number, stride: number): Span[] {
  requireWhole(`window's ${axis}`, size);
  requireWhole(`stride along the ${axis}`, stride);
  if (size > length) {
    throw new RangeError(
      `Cannot cover a part of the image: the window's ${axis} must be at most the image's, ${length}, got ${size}`,
    );
  }
  if (stride > size) {
    throw new RangeError(
      `Cannot cover the whole image: the stride along the ${axis} must be at most the window's, ${size}, got ${stride}`,
    );
  }
  const count = Math.ceil((length - size) / stride) + 1;
  return Array.from(
    { length: count },
    (_, i) => ({ first: Math.min(i * stride, length - size), size }),
  );
}

/** Refuses what is no whole number from 1. */
export function requireWhole(what: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot cover a part of the image: the ${what} must be a whole number of at least 1, got ${value}`,
  );
}

/** Rows of ones within spans and zeros outside; where there are fewer spans than rows, of zeros. */
export function inside(spans: readonly Span[], count: number, length: number): Float32Array {
  const rows = new Float32Array(count * length);
  spans.forEach(({ first, size }, i) => {
    rows.fill(1, i * length + first, i * length + first + size);
  });
  return rows;
}

/** For each pixel, the mean loss of the places that cover it. */
export function meanLoss(
  height: number,
  width: number,
  places: readonly Place[],
  lossAt: (place: number) => number,
): Float64Array {
  const sums = new Float64Array(height * width);
  const counts = new Uint32Array(height * width);
  places.forEach(({ rows, columns }, place) => {
    const loss = lossAt(place);
    for (let y = rows.first; y < rows.first + rows.size; y++) {
      for (let x = columns.first; x < columns.first + columns.size; x++) {
        sums[y * width + x]! += loss;
        counts[y * width + x]!++;
      }
    }
  });
  return sums.map((sum, i) => sum / counts[i]!);
}
