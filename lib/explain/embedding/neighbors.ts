// Which examples are near one another, in any space (§12.9.2).
import type { Features } from "./features.ts";

/** An example near another one. */
export type Neighbor = {
  /** The example's place in its data set. */
  readonly index: number;
  /** Its L2 distance, ‖a − b‖. */
  readonly distance: number;
};

/** Numbers of a row between two looks at whether it can still be among the nearest. */
const STRETCH = 64;

/**
 * One example's row.
 *
 * @param features the rows
 * @param index the example, from 0
 * @returns its numbers, in the same memory
 * @throws {RangeError} where there is no such example
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
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(
      `Cannot take an example's features: its place must be a whole number from 0 to ${
        count - 1
      }, got ${index}`,
    );
  }
  return values.subarray(index * size, (index + 1) * size);
}

/**
 * The k examples nearest to a query, by L2 distance, exactly: sums are in double precision on the
 * host, and rows are left as soon as they are too far. 10,000 rows of 4,096 take some 50 ms.
 *
 * @param features the examples' rows, `[N, D]`
 * @param query a row of D numbers
 * @param k how many, from 1 to N
 * @param options `without` leaves out one example: the query itself, where it is one of them
 * @returns the nearest first; of equals, the one that comes first
 * @throws {RangeError} where `k` is not such a number, or a number is not finite
 * @throws {TypeError} where the query has not D numbers
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
  const { without } = options;
  const there = features.count - Number(without !== undefined);
  requireQuery(features, query, k, there);
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

/** ‖row − query‖², or nothing where that is not below a bound. */
function squareBelow(
  { values, size }: Features,
  index: number,
  query: Float32Array,
  bound: number,
): number | undefined {
  const from = index * size;
  let sum = 0;
  for (let begin = 0; begin < size; begin += STRETCH) {
    const end = Math.min(size, begin + STRETCH);
    for (let i = begin; i < end; i++) {
      const difference = values[from + i]! - query[i]!;
      sum += difference * difference;
    }
    // Written so that NaN is seen.
    if (sum < bound) continue;
    if (Number.isFinite(sum)) return undefined;
    throw new RangeError(
      `Cannot compare features: they must be finite numbers, got a distance of ${sum} to example ${index}`,
    );
  }
  return sum;
}

function requireQuery(
  { size }: Features,
  query: Float32Array,
  k: number,
  there: number,
): void {
  if (query.length !== size) {
    throw new TypeError(
      `Cannot find neighbors: the query must have as many numbers as each example, ${size}, got ${query.length}`,
    );
  }
  if (Number.isInteger(k) && k >= 1 && k <= there) return;
  throw new RangeError(
    `Cannot find neighbors: their number must be a whole number from 1 to ${there}, the examples there are, got ${k}`,
  );
}

/**
 * How well a space keeps classes together: the share of each example's k nearest neighbors,
 * itself left out, that are of its class; the mean over the examples.
 *
 * @param features the examples' rows, `[N, D]`
 * @param labels their classes, `[N]`
 * @param k neighbors of each, from 1 to N − 1
 * @returns the share, 0 to 1
 * @throws {RangeError} where `k` is not such a number
 * @throws {TypeError} where there is not a label for each example
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
