// How the numbers of a tensor are distributed.
import { requireWhole } from "../../text/require.ts";

/** How numbers are distributed. */
export type Histogram = {
  /** How many of the finite numbers are in each of the bins, of equal width from `min` to `max`. */
  readonly counts: readonly number[];
  /** The least and the greatest finite number; 0 if there is none. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The standard deviation. */
  readonly deviation: number;
  /** The share of numbers that are 0, from 0 to 1. */
  readonly zeros: number;
  /** How many numbers are NaN or infinite, which are in no bin. */
  readonly notFinite: number;
};

/**
 * Counts numbers in bins of equal width.
 *
 * @param values the numbers
 * @param bins how many bins, at least 1. Default: 40
 * @returns the counts, range, mean and standard deviation of the finite numbers
 * @throws {RangeError} if `bins` is not a whole number from 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { histogram } from "@neocog/neocog/report";
 *
 * const { counts, min, max, mean, zeros } = histogram([0, 1, 1, 4], 2);
 * assertEquals(counts, [3, 1]);
 * assertEquals([min, max, mean, zeros], [0, 4, 1.5, 0.25]);
 * ```
 */
export function histogram(values: ArrayLike<number>, bins = 40): Histogram {
  requireWhole("make a histogram", "bins", bins, 1);
  let [min, max, sum, zeros, finite] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    if (value === 0) zeros++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const counts = new Array<number>(bins).fill(0);
  const notFinite = values.length - finite;
  if (finite === 0) {
    return { counts, min: 0, max: 0, mean: 0, deviation: 0, zeros: 0, notFinite };
  }
  const mean = sum / finite;
  const scale = bins / (max - min);
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    squares += (value - mean) ** 2;
    // Of a single number the first bin has all.
    const place = max > min ? Math.min(bins - 1, Math.floor((value - min) * scale)) : 0;
    counts[place]!++;
  }
  const deviation = Math.sqrt(squares / finite);
  return { counts, min, max, mean, deviation, zeros: zeros / values.length, notFinite };
}
