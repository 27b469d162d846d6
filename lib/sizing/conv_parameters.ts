// The number of parameters of a convolution (§12.4).
import { conv } from "../layers/conv.ts";
import { countParameters } from "../layers/layer.ts";
import type { Pair } from "../layers/window.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode convParameters}. */
export type ConvParametersOptions = {
  /** The number of filters. */
  readonly features: number;
  /** Height and width of the filters. */
  readonly size: Pair;
  /** The number of groups of channels, each with its own filters. Default: 1. */
  readonly groups?: number;
  /** Whether each filter has a bias. Default: `true`. */
  readonly bias?: boolean;
};

/**
 * Counts the parameters of a convolution, features · (F · F · channels + 1) (§12.4), which do not
 * depend on the size of its input.
 *
 * @param channels the channels of the input
 * @param options number of filters and their size, groups (1), bias (true)
 * @returns how many they are
 * @throws {RangeError} if a number is out of its range
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
  requireOptions("count parameters", options, {
    features: true,
    size: true,
    groups: true,
    bias: true,
  });
  const { size } = options;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return countParameters(conv(options).declare([height, width, channels]).params);
}
