// The size of a pooling layer's output (§12.4.1).
import { requireInput } from "../layers/pool.ts";
import { checkWindow, type Pair } from "../layers/window.ts";
import { windowsOver } from "./conv_output.ts";
import { SLIDING_OPTIONS, type SlidingOptions } from "./fitting.ts";
import { requireOptions } from "../text/require.ts";

/**
 * Computes the height and width of a pooling layer's output, (W − F) / S + 1 (§12.4.1), or with
 * padding as in {@linkcode convOutput}. A remainder that no window fills is refused, unless
 * `rounding` is given.
 *
 * @param input height and width of the input: one number for both, or `[height, width]`
 * @param options size of the window, stride (its size), padding (none), dilation (1), rounding
 * @returns one number if all arguments are single numbers, else `[height, width]`
 * @throws {RangeError} if an option is out of range, or the windows do not divide the input; the
 * message names sizes that would
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { poolOutput } from "@neocog/neocog/sizing";
 *
 * assertEquals(poolOutput(28, { size: 2 }), 14);
 * assertEquals(poolOutput(55, { size: 3, stride: 2 }), 27);
 * assertEquals(poolOutput(112, { size: 3, stride: 2, rounding: "ceil" }), 56);
 * ```
 */
export function poolOutput(input: number, options: SlidingOptions<number>): number;
/** The same for sides of different sizes: `[down, across]`, unless all arguments are numbers. */
export function poolOutput(input: Pair, options: SlidingOptions): number | [number, number];
export function poolOutput(input: Pair, options: SlidingOptions): number | [number, number] {
  requireOptions("compute an output size", options, SLIDING_OPTIONS);
  const { size, stride = size, padding = "valid" } = options;
  requireInput("pool", checkWindow("pool", { size, stride, padding }));
  return windowsOver("pool", input, { ...options, stride });
}
