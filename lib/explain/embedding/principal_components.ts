// Principal component analysis.
import { type Key, key as keyOf, normalArray } from "../../tensor/random.ts";
import { requireOptions, requireRange } from "../../text/require.ts";
import type { Features } from "./features.ts";
import { symmetricEigen } from "./symmetric_eigen.ts";

/** Options of {@linkcode principalComponents}. */
export type PrincipalComponentsOptions = {
  /** How many components, from 1 to the smaller of N and D. Default: 2. */
  readonly count?: number;
  /** The source of the first directions. Default: `key(0)`. */
  readonly key?: Key;
};

/** What {@linkcode principalComponents} returns. */
export type PrincipalComponents = {
  /** The coordinates of each example along the directions, `[N, count]`. */
  readonly positions: Features;
  /** The directions, orthonormal, `[count, D]`. */
  readonly directions: Features;
  /** The share of the variance along each direction, 0 to 1, in descending order. */
  readonly shares: readonly number[];
};

/** Further directions that are followed: the search converges faster with some to spare. */
const SPARE = 8;
/** The most rounds; directions of equal variance may mix forever. */
const ROUNDS = 200;
/** The search ends when no variance changes by more than this share of it. */
const TOLERANCE = 1e-9;

/**
 * Principal components: the orthonormal directions v along which the centered features X have the
 * largest variance, ‖X v‖² / N. Found by subspace iteration with a Rayleigh–Ritz step, in double
 * precision on the host. The sign of a direction makes its largest component positive.
 *
 * @param features the examples' rows, `[N, D]`
 * @param options how many
 * @returns the coordinates along the directions, the directions, and their shares of the variance
 * @throws {RangeError} if `count` is out of its range, or a number is not finite
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
  requireOptions("compute principal components", options, { count: true, key: true });
  const { count = 2, key = keyOf(0) } = options;
  const most = Math.min(features.count, features.size);
  const action = "find principal components";
  const range = `from 1 to ${most}, the smaller of examples and features`;
  const isCount = Number.isInteger(count) && count >= 1 && count <= most;
  requireRange(action, `their number must be a whole number ${range}`, isCount, count);
  const rows = centered(features);
  const total = rows.reduce((sum, row) => sum + dot(row, row), 0);
  const isFinite = Number.isFinite(total);
  requireRange(action, "features must be finite", isFinite, `a variance of ${total}`);
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

/** Directions of largest variance with their ‖X v‖², of which the first `wanted` have converged. */
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
    const isConverged = eigen.values.slice(0, wanted).every((value, i) =>
      Math.abs(value - squares[i]!) <= TOLERANCE * Math.abs(eigen.values[0]!)
    );
    squares = eigen.values;
    if (isConverged) return { vectors: combined(vectors, eigen.vectors), squares };
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

/** Linear combinations of vectors, one per row of `weights`. */
function combined(
  vectors: readonly Float64Array[],
  weights: readonly (readonly number[])[],
): Float64Array[] {
  return weights.map((own) =>
    vectors[0]!.map((_, i) => own.reduce((sum, weight, j) => sum + weight * vectors[j]![i]!, 0))
  );
}

/** Gram–Schmidt, twice, which is enough; a vector that vanishes becomes zero. */
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
