// Normalizes pixels by a table of the 256 values of a byte.

/**
 * How pixels become numbers: `"unit"` divides by 255; a mean and a standard deviation for each
 * channel, in those units, give `(pixel / 255 − mean) / std`.
 */
export type Normalization =
  | "unit"
  | { readonly mean: readonly number[]; readonly std: readonly number[] };

/**
 * The normalized value of every byte in every channel.
 *
 * @param normalize the rule
 * @param channels the number of channels
 * @returns the numbers, `[channels, 256]`
 * @throws {RangeError} if each channel does not have a finite mean and a positive finite deviation
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pixelTable } from "./normalization.ts";
 *
 * const table = pixelTable({ mean: [0.5], std: [0.5] }, 1);
 * assertEquals([table[0], table[255]], [-1, 1]);
 * ```
 */
export function pixelTable(normalize: Normalization, channels: number): Float32Array {
  const table = new Float32Array(channels * 256);
  if (normalize !== "unit") requireMoments(normalize, channels);
  for (let i = 0; i < table.length; i++) {
    const unit = (i & 255) / 255;
    const channel = i >> 8;
    table[i] = normalize === "unit"
      ? unit
      : (unit - normalize.mean[channel]!) / normalize.std[channel]!;
  }
  return table;
}

/** Refuses moments that are not one for each channel, or would give infinities. */
export function requireMoments(
  { mean, std }: Exclude<Normalization, "unit">,
  channels: number,
): void {
  const fine = mean.length === channels && std.length === channels &&
    mean.every(Number.isFinite) && std.every((s): boolean => Number.isFinite(s) && s > 0);
  if (!fine) {
    throw new RangeError(
      `Cannot normalize images of ${channels} channels: there must be a finite mean and a ` +
        `positive standard deviation for each, got mean [${mean}], std [${std}]`,
    );
  }
}
