// The padding that keeps the size of a convolution's input (§12.4).
import { checkWindow, type Pair } from "../layers/window.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode samePadding}. */
export type SamePaddingOptions<Side extends Pair = Pair> = {
  /** The distance of a filter's neighboring taps. Default: 1. */
  readonly dilation?: Side;
};

/**
 * Computes the padding on every side with which a convolution of stride 1 keeps the size of its
 * input, P = (F − 1) / 2 (§12.4).
 *
 * @param size height and width of the filters: one number for both, or `[height, width]`
 * @param options dilation (1)
 * @returns one number if all arguments are single numbers, else `[down, across]`
 * @throws {RangeError} if a filter covers an even number of pixels: it has no middle, and only
 * `padding: "same"`, with the odd zero at the end, keeps the size
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { samePadding } from "@neocog/neocog/sizing";
 *
 * assertEquals([samePadding(3), samePadding(5)], [1, 2]);
 * assertEquals(samePadding([1, 7]), [0, 3]);
 * assertThrows(() => samePadding(4), RangeError, "3 or 5");
 * ```
 */
export function samePadding(size: number, options?: SamePaddingOptions<number>): number;
/** The same for sides of different sizes: `[down, across]`, unless all arguments are numbers. */
export function samePadding(size: Pair, options?: SamePaddingOptions): number | [number, number];
export function samePadding(
  size: Pair,
  options: SamePaddingOptions = {},
): number | [number, number] {
  requireOptions("compute padding", options, { dilation: true });
  const { dilation = 1 } = options;
  const window = checkWindow("conv", { size, stride: 1, padding: "same", dilation });
  const [down, across] = ([0, 1] as const).map((axis) =>
    halfOf(window.size[axis], window.dilation[axis])
  ) as [number, number];
  return typeof size === "number" && typeof dilation === "number" ? down : [down, across];
}

function halfOf(size: number, dilation: number): number {
  const padding = (size - 1) * dilation / 2;
  if (!Number.isInteger(padding)) {
    const rule = `its filters must have a middle pixel, as ${size - 1} or ${size + 1} have`;
    throw new RangeError(`Cannot pad a conv layer alike on every side: ${rule}, got ${size}`);
  }
  return padding;
}
