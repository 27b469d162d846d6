// From values of any size to pixels from 0 to 1: which value becomes black, and which white.

/** Whether each picture has its own black and white, or all pictures share them. */
export type Normalize = "each" | "together";

/** The two values that become black and white. */
export type ValueRange = readonly [black: number, white: number];

/** The range around 0, which becomes middle gray. */
export function signedRange(values: Iterable<number>): ValueRange {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return [-most, most];
}

/** The range from the smallest value to the largest. */
export function fullRange(values: Iterable<number>): ValueRange {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

/**
 * Scales the values of pictures to pixels, each picture by its own range or all by one.
 *
 * @param flat the pixel if black and white are the same value
 * @throws {RangeError} if a value is not finite
 */
export function toPixelRange(
  all: readonly Float32Array[],
  how: Normalize,
  rangeOf: (values: Iterable<number>) => ValueRange,
  flat: number,
): Float32Array<ArrayBuffer>[] {
  if (how === "each") return all.map((values) => scaled(values, rangeOf(values), flat));
  const range = rangeOf(chained(all));
  return all.map((values) => scaled(values, range, flat));
}

function scaled(
  values: Float32Array,
  [black, white]: ValueRange,
  flat: number,
): Float32Array<ArrayBuffer> {
  const width = white - black;
  return Float32Array.from(values, (value) => {
    if (!Number.isFinite(value)) {
      throw new RangeError(`Cannot show values: they must be finite, got ${value}`);
    }
    return width > 0 ? Math.min(1, Math.max(0, (value - black) / width)) : flat;
  });
}

function* chained(all: readonly Float32Array[]): Iterable<number> {
  for (const values of all) yield* values;
}
