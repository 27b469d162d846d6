// How many numbers a convolution learns (§12.4).
import { conv } from "../layers/conv.ts";
import { countParameters } from "../layers/layer.ts";
import type { Pair } from "../layers/window.ts";

/** Options of {@linkcode convParameters}. */
export type ConvParametersOptions = {
  /** Number of filters. */
  readonly features: number;
  /** Height and width of the filters. */
  readonly size: Pair;
  /** Into how many parts, each with filters of its own, the channels fall. Default: 1. */
  readonly groups?: number;
  /** Whether each filter has a bias. Default: `true`. */
  readonly bias?: boolean;
};

/**
 * How many numbers a convolution learns, features · (F · F · channels + 1) (§12.4), whatever the
 * size of its input.
 *
 * @param channels channels of the input
 * @param options number of filters and their size, groups (1), bias (true)
 * @throws {RangeError} if one is not a whole number in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { convParameters } from "@neocog/neocog/sizing";
 *
 * // §12.1: 20 filters of 5 × 5 over a color image.
 * assertEquals(convParameters(3, { features: 20, size: 5 }), 1520);
 * ```
 */
export function convParameters(channels: number, options: ConvParametersOptions): number {
  const { size } = options;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return countParameters(conv(options).declare([height, width, channels]).params);
}
