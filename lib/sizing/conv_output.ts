// The size of a convolution's output (§12.4).
import { checkWindow, type Pair, requireSizes } from "../layers/window.ts";
import { dividedBy, SLIDING_OPTIONS, type SlidingOptions } from "./fitting.ts";
import { requireOptions } from "../text/require.ts";

export type { SlidingOptions } from "./fitting.ts";

/**
 * Computes the height and width of a convolution's output, (W − F + 2P) / S + 1 (§12.4).
 *
 * Layers ignore a remainder at the end of the input that no filter fills. Here it is refused, as in
 * the chapter, unless `rounding` is given.
 *
 * @param input height and width of the input: one number for both, or `[height, width]`
 * @param options size of the filters, stride (1), padding (none), dilation (1), rounding
 * @returns one number if all arguments are single numbers, else `[height, width]`
 * @throws {RangeError} if an option is out of range, or the filters do not divide the input; the
 * message names sizes that would
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { convOutput } from "@neocog/neocog/sizing";
 *
 * assertEquals(convOutput(7, { size: 3 }), 5);
 * assertEquals(convOutput([227, 227], { size: 11, stride: 4 }), [55, 55]);
 * assertThrows(() => convOutput(10, { size: 3, stride: 2 }), RangeError, "an input of 9 or 11");
 * assertEquals(convOutput(10, { size: 3, stride: 2, rounding: "floor" }), 4);
 * ```
 */
export function convOutput(input: number, options: SlidingOptions<number>): number;
/** The same for sides of different sizes: `[down, across]`, unless all arguments are numbers. */
export function convOutput(input: Pair, options: SlidingOptions): number | [number, number];
export function convOutput(input: Pair, options: SlidingOptions): number | [number, number] {
  requireOptions("compute an output size", options, SLIDING_OPTIONS);
  return windowsOver("conv", input, { stride: 1, ...options });
}

/** Options with a stride. */
type Sliding = SlidingOptions & { readonly stride: Pair };

/**
 * The numbers of windows down and across.
 *
 * @param input one number or `[height, width]`
 */
export function windowsOver(
  layer: string,
  input: Pair,
  options: Sliding,
): number | [number, number] {
  const { size, stride, padding = "valid", dilation = 1, rounding } = options;
  const window = checkWindow(layer, { size, stride, padding, dilation, rounding });
  const sides = typeof input === "number" ? [input, input] as const : input;
  requireSizes(layer, sides);
  const output = dividedBy(layer, window, sides, rounding);
  const plain = [input, size, stride, dilation].every((value) => typeof value === "number");
  return plain ? output[0] : output;
}
