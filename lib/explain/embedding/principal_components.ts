// The directions along which features differ most: principal component analysis.
import { type Key, key as keyOf, normalArray } from "../../tensor/random.ts";
import type { Features } from "./features.ts";
import { symmetricEigen } from "./symmetric_eigen.ts";

/** Options of {@linkcode principalComponents}. */
export type PrincipalComponentsOptions = {
  /** How many components, from 1 to the smaller of N and D. Default: 2. */
  readonly count?: number;
  /** Where the search begins. Default: `key(0)`. */
  readonly key?: Key;
};

/** What {@linkcode principalComponents} answers. */
export type PrincipalComponents = {
  /** Each example's place, `[N, count]`: its centered features along the directions. */
  readonly positions: Features;
  /** The directions, of length 1 and at right angles, `[count, D]`. */
  readonly directions: Features;
  /** The share of the whole variance along each direction, 0 to 1, the largest first. */
  readonly shares: readonly number[];
};

/** Directions that are followed besides those wanted: the search is quicker with some to spare. */
const SPARE = 8;
/** The most rounds; those that are alike may turn into one another for ever. */
const ROUNDS = 200;
/** The search ends where no variance changes by more than this part of it. */
const STILL = 1e-9;

/**
 * Principal components: the directions v of length 1 along which the centered features X have most
 * variance, ‖X v‖² / N, each at right angles to those before. Found by subspace iteration with
 * Rayleigh and Ritz's step, in double precision on the host. A direction's sign is such that its
 * number of largest magnitude is positive.
 *
 * @param features the examples' rows, `[N, D]`
 * @param options how many
 * @returns the examples along the directions, the directions, and their shares of the variance
 * @throws {RangeError} where `count` is not such a number, or a number is not finite
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { principalComponents } from "@neocog/neocog/explain";
 *
 * // Points on the line x = y, some noise beside it.
 * const values = new Float32Array([1, 1.1, 2, 1.9, 3, 3.1, 4, 3.9]);
 * const { directions, shares } = principalComponents({ values, count: 4, size: 2 });
 * assertAlmostEquals(directions.values[0]!, Math.SQRT1_2, 0.05);
 * assertAlmostEquals(shares[0]!, 1, 0.01);
 * ```
 */
export function principalComponents(
  features: Features,
  options: PrincipalComponentsOptions = {},
): PrincipalComponents {
  const { count = 2, key = keyOf(0) } = options;
  const most = Math.min(features.count, features.size);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new RangeError(
      `Cannot find principal components: their number must be a whole number from 1 to ${most}, the smaller of examples and features, got ${count}`,
    );
  }
  const rows = centered(features);
  const total = rows.reduce((sum, row) => sum + dot(row, row), 0);
  if (!Number.isFinite(total)) {
    throw new RangeError(
      `Cannot find principal components: features must be finite numbers, got a variance of ${total}`,
    );
  }
  const { vectors, squares } = subspace(rows, Math.min(most, count + SPARE), count, key);
  const kept = vectors.slice(0, count).map(pointed);
  const positions = rows.flatMap((row) => kept.map((vector) => dot(row, vector)));
  return {
    positions: { values: Float32Array.from(positions), count: rows.length, size: count },
    directions: {
      values: Float32Array.from(kept.flatMap((v) => [...v])),
      count,
      size: features.size,
    },
    shares: squares.slice(0, count).map((square) => total > 0 ? square / total : 0),
  };
}

function centered({ values, count, size }: Features): Float64Array[] {
  const mean = new Float64Array(size);
  for (let i = 0; i < values.length; i++) mean[i % size]! += values[i]! / count;
  return Array.from({ length: count }, (_, n) => {
    const row = Float64Array.from(values.subarray(n * size, (n + 1) * size));
    return row.map((value, i) => value - mean[i]!);
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

type Subspace = { readonly vectors: Float64Array[]; readonly squares: number[] };

/** Directions of most variance with their ‖X v‖², of which the first `wanted` have come to rest. */
function subspace(
  rows: readonly Float64Array[],
  width: number,
  wanted: number,
  key: Key,
): Subspace {
  const size = rows[0]!.length;
  const drawn = normalArray(key, width * size);
  let vectors = orthonormal(
    Array.from(
      { length: width },
      (_, i) => Float64Array.from(drawn.subarray(i * size, (i + 1) * size)),
    ),
  );
  let squares: number[] = Array(width).fill(0);
  for (let round = 0; round < ROUNDS; round++) {
    const images = vectors.map((vector) => scattered(rows, vector));
    const products = vectors.map((v) => images.map((image) => dot(v, image)));
    const eigen = symmetricEigen(products);
    const isStill = eigen.values.slice(0, wanted).every((value, i) =>
      Math.abs(value - squares[i]!) <= STILL * Math.abs(eigen.values[0]!)
    );
    squares = eigen.values;
    if (isStill) return { vectors: combined(vectors, eigen.vectors), squares };
    vectors = orthonormal(combined(images, eigen.vectors));
  }
  return { vectors, squares };
}

/** Xᵀ X v. */
function scattered(rows: readonly Float64Array[], vector: Float64Array): Float64Array {
  const sum = new Float64Array(vector.length);
  for (const row of rows) {
    const along = dot(row, vector);
    for (let i = 0; i < sum.length; i++) sum[i]! += along * row[i]!;
  }
  return sum;
}

/** Sums of vectors, weighted by the numbers of each of `weights`. */
function combined(
  vectors: readonly Float64Array[],
  weights: readonly (readonly number[])[],
): Float64Array[] {
  return weights.map((own) =>
    vectors[0]!.map((_, i) => own.reduce((sum, weight, j) => sum + weight * vectors[j]![i]!, 0))
  );
}

/** Gram and Schmidt's way, twice, which is enough; what is left of nothing stays nothing. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const made: Float64Array[] = [];
  for (const vector of vectors) {
    const before = Math.sqrt(dot(vector, vector));
    let rest = vector;
    for (let pass = 0; pass < 2; pass++) {
      for (const one of made) {
        const along = dot(rest, one);
        rest = rest.map((value, i) => value - along * one[i]!);
      }
    }
    const length = Math.sqrt(dot(rest, rest));
    const scale = length > 1e-12 * before ? 1 / length : 0;
    made.push(rest.map((value) => value * scale));
  }
  return made;
}

function pointed(vector: Float64Array): Float64Array {
  const largest = vector.reduce((most, value) => Math.abs(value) > Math.abs(most) ? value : most);
  return largest < 0 ? vector.map((value) => -value) : vector;
}
