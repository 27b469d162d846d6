// How many zeros keep a convolution's size (§12.4).
import { checkWindow, type Pair } from "../layers/window.ts";

/** Options of {@linkcode samePadding}. */
export type SamePaddingOptions<Side extends Pair = Pair> = {
  /** Distance of a filter's neighboring taps. Default: 1. */
  readonly dilation?: Side;
};

/**
 * The padding on every side with which a convolution of stride 1 keeps its input's size,
 * P = (F − 1) / 2 (§12.4).
 *
 * @param size height and width of the filters: one number for both, or `[height, width]`
 * @param options dilation (1)
 * @returns one number where all that is given is, else `[down, across]`
 * @throws {RangeError} if a filter's pixels from first tap to last are even in number: they
 * have no middle, and only `padding: "same"`, the odd zero at the end, keeps the size
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
/** The same where a side has a size of its own: `[down, across]`, unless all that is given are numbers. */
export function samePadding(size: Pair, options?: SamePaddingOptions): number | [number, number];
export function samePadding(
  size: Pair,
  options: SamePaddingOptions = {},
): number | [number, number] {
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
    throw new RangeError(
      `Cannot pad a conv layer alike on every side: its filters must have a middle pixel, such as ${
        size - 1
      } or ${size + 1} have, got ${size}`,
    );
  }
  return padding;
}
