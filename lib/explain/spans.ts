// From numbers of any size to pixels: what becomes black, and what white.

/** Whether each picture has its own black and white, or all have the same. */
export type Normalize = "each" | "together";

/** The two numbers that become black and white. */
export type Span = readonly [black: number, white: number];

/** The span around 0, which becomes the gray in the middle. */
export function signedSpan(values: Iterable<number>): Span {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return [-most, most];
}

/** The span of the numbers themselves. */
export function fullSpan(values: Iterable<number>): Span {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

/**
 * Numbers as pixels from 0 to 1.
 *
 * @param values the numbers
 * @param span what becomes 0 and 1
 * @param flat what numbers become where black and white are the same
 * @throws {RangeError} where a number is not finite
 */
export function toUnit(
  values: Float32Array,
  [black, white]: Span,
  flat: number,
): Float32Array<ArrayBuffer> {
  const width = white - black;
  return Float32Array.from(values, (value) => {
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `Cannot show numbers: they must be finite, got ${value}`,
      );
    }
    return width > 0 ? Math.min(1, Math.max(0, (value - black) / width)) : flat;
  });
}

/** Pictures' numbers as pixels, each by its own span or all by one. */
export function normalizedAll(
  all: readonly Float32Array[],
  how: Normalize,
  spanOf: (values: Iterable<number>) => Span,
  flat: number,
): Float32Array<ArrayBuffer>[] {
  if (how === "each") return all.map((values) => toUnit(values, spanOf(values), flat));
  const span = spanOf(chained(all));
  return all.map((values) => toUnit(values, span, flat));
}

function* chained(all: readonly Float32Array[]): Iterable<number> {
  for (const values of all) yield* values;
}
