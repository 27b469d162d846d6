// Nearest neighbors among examples, in any space (§12.9.2).
import { requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import type { Features } from "./features.ts";

/** An example near another one. */
export type Neighbor = {
  /** The example's index in its data set. */
  readonly index: number;
  /** Its L2 distance, ‖a − b‖. */
  readonly distance: number;
};

/** Numbers of a row between two checks whether it can still be among the nearest. */
const CHECKED_AFTER = 64;

/**
 * The row of an example.
 *
 * @param features the rows
 * @param index the example, from 0
 * @returns its numbers, in the same memory
 * @throws {RangeError} if there is no such example
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rowOf } from "./neighbors.ts";
 *
 * const features = { values: new Float32Array([1, 2, 3, 4]), count: 2, size: 2 };
 * assertEquals([...rowOf(features, 1)], [3, 4]);
 * ```
 */
export function rowOf({ values, count, size }: Features, index: number): Float32Array {
  requireWhole("take an example's features", "its index", index, 0, count - 1);
  return values.subarray(index * size, (index + 1) * size);
}

/**
 * The k examples nearest to a query by L2 distance, exactly: sums are in double precision on the
 * host, and a row is left as soon as it is too far. 10,000 rows of 4,096 take some 50 ms.
 *
 * @param features the examples' rows, `[N, D]`
 * @param query a row of D numbers
 * @param k how many, from 1 to N
 * @param options `without` leaves out one example: the query itself, if it is one of them
 * @returns the nearest first; of equals, the one with the lower index
 * @throws {RangeError} if `k` is out of its range, or a number is not finite
 * @throws {TypeError} if the query does not have D numbers
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nearestNeighbors } from "@neocog/neocog/explain";
 *
 * const features = { values: new Float32Array([0, 0, 3, 4, 1, 0]), count: 3, size: 2 };
 * assertEquals(nearestNeighbors(features, new Float32Array([0, 0]), 2, { without: 0 }), [
 *   { index: 2, distance: 1 },
 *   { index: 1, distance: 5 },
 * ]);
 * ```
 */
export function nearestNeighbors(
  features: Features,
  query: Float32Array,
  k: number,
  options: { readonly without?: number } = {},
): Neighbor[] {
  requireOptions("find neighbors", options, { without: true });
  const { without } = options;
  if (query.length !== features.size) {
    throw new TypeError(
      `Cannot find neighbors: the query must have as many numbers as each example, ${features.size}, got ${query.length}`,
    );
  }
  const most = features.count - Number(without !== undefined);
  requireWhole("find neighbors", "their number", k, 1, most);
  if (without !== undefined) rowOf(features, without);
  const nearest: { readonly index: number; readonly square: number }[] = [];
  for (let index = 0; index < features.count; index++) {
    if (index === without) continue;
    const farthest = nearest.length < k ? Infinity : nearest.at(-1)!.square;
    const square = squareBelow(features, index, query, farthest);
    if (square === undefined) continue;
    let place = nearest.length;
    while (place > 0 && nearest[place - 1]!.square > square) place--;
    nearest.splice(place, 0, { index, square });
    if (nearest.length > k) nearest.pop();
  }
  return nearest.map(({ index, square }) => ({ index, distance: Math.sqrt(square) }));
}

/** ‖row − query‖², or nothing if that is not below a bound. */
function squareBelow(
  { values, size }: Features,
  index: number,
  query: Float32Array,
  bound: number,
): number | undefined {
  const from = index * size;
  let sum = 0;
  for (let begin = 0; begin < size; begin += CHECKED_AFTER) {
    const end = Math.min(size, begin + CHECKED_AFTER);
    for (let i = begin; i < end; i++) {
      const difference = values[from + i]! - query[i]!;
      sum += difference * difference;
    }
    if (sum < bound) continue; // NaN is not below.
    const found = `a distance of ${sum} to example ${index}`;
    const isFinite = Number.isFinite(sum);
    requireRange("compare features", "they must be finite numbers", isFinite, found);
    return undefined;
  }
  return sum;
}

/**
 * How well a space keeps classes together: the share of the k nearest neighbors of an example that
 * are of its class, as a mean over the examples.
 *
 * @param features the examples' rows, `[N, D]`
 * @param labels their classes, `[N]`
 * @param k neighbors per example, from 1 to N − 1
 * @returns the share, 0 to 1
 * @throws {RangeError} if `k` is out of its range
 * @throws {TypeError} if there is not one label per example
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { labelAgreement } from "@neocog/neocog/explain";
 *
 * const features = { values: new Float32Array([0, 1, 5, 6]), count: 4, size: 1 };
 * assertEquals(labelAgreement(features, [0, 0, 1, 1], 1), 1);
 * ```
 */
export function labelAgreement(features: Features, labels: ArrayLike<number>, k: number): number {
  const { count } = features;
  if (labels.length !== count) {
    throw new TypeError(
      `Cannot compare labels: there must be one for each of ${count} examples, got ${labels.length}`,
    );
  }
  let same = 0;
  for (let i = 0; i < count; i++) {
    for (const { index } of nearestNeighbors(features, rowOf(features, i), k, { without: i })) {
      same += Number(labels[index] === labels[i]);
    }
  }
  return same / (count * k);
}
