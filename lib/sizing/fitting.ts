// Windows that must divide their input (§12.4), else the error names sizes that would.
import type { Padding, Pair, Rounding, Window } from "../layers/window.ts";
import { slide } from "../layers/window.ts";
import { withArticle } from "../text/article.ts";

/** Options of {@linkcode convOutput} and {@linkcode poolOutput}. */
export type SlidingOptions<Side extends Pair = Pair> = {
  /** The height and width of the window. */
  readonly size: Side;
  /** The step of the window. Default: 1 for convolutions, the window's size for pooling. */
  readonly stride?: Side;
  /** Zeros around the input. Default: `"valid"`, none. */
  readonly padding?: Padding;
  /** The distance of a window's neighboring taps. Default: 1. */
  readonly dilation?: Side;
  /** What happens to a remainder that no window fills. Default: it is refused. */
  readonly rounding?: Rounding;
};

/** The names of {@linkcode SlidingOptions}. */
export const SLIDING_OPTIONS: Readonly<Record<keyof SlidingOptions, true>> = {
  size: true,
  stride: true,
  padding: true,
  dilation: true,
  rounding: true,
};

/** The sizes along one axis. */
type Axis = {
  readonly length: number;
  readonly size: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
};

/** (W − F + 2P) / S before rounding, with F the pixels from the first tap to the last. */
function stepsOf({ length, size, stride, pad, dilation }: Axis): number {
  return (length + 2 * pad - (size - 1) * dilation - 1) / stride;
}

/** Values that are farther away than this are not looked for. */
const MOST_TRIED = 100_000;

function fits(axis: Axis): boolean {
  const steps = stepsOf(axis);
  return Number.isInteger(steps) && steps >= 0;
}

/** The nearest values below and above the given one with which the axis would fit. */
function near(axis: Axis, name: keyof Axis, least: number): number[] {
  // A length or size that fits is at most a stride away; strides that fit lie below the length.
  const reach = Math.min(Math.max(axis.length, axis.stride) + 1, MOST_TRIED);
  return [-1, 1].flatMap((sign) => {
    for (let distance = 1; distance <= reach; distance++) {
      const value = axis[name] + sign * distance;
      if (value >= least && fits({ ...axis, [name]: value })) return [value];
    }
    return [];
  });
}

/** What would fit, as text, one change at a time. */
function advice(axis: Axis): string {
  const changes: readonly (readonly [string, readonly number[]])[] = [
    ["an input of", near(axis, "length", 1)],
    ["a window of", near(axis, "size", 1)],
    ["a stride of", near(axis, "stride", 1)],
    // A window in the padding alone would see nothing.
    ["a padding of", near(axis, "pad", 0).filter((pad) => pad < axis.size)],
  ];
  return changes.filter(([, values]) => values.length > 0)
    .map(([what, values]) => `${what} ${values.join(" or ")}`).join(", ");
}

/**
 * The numbers of windows down and across an input, which they must fill.
 *
 * @param rounding what happens to a remainder. Default: it is refused
 * @throws {RangeError} if windows do not divide the input, with what would
 */
export function dividedBy(
  layer: string,
  window: Window,
  input: readonly [number, number],
  rounding: Rounding | undefined,
): [down: number, across: number] {
  const [down, across] = slide(layer, window, [...input, 1], 1);
  const { padding } = window;
  if (padding === "same" || rounding !== undefined) return [down!, across!];
  for (const i of [0, 1] as const) {
    const axis: Axis = {
      length: input[i],
      size: window.size[i],
      stride: window.stride[i],
      pad: padding === "valid" ? 0 : padding,
      dilation: window.dilation[i],
    };
    if (!fits(axis)) refuse(layer, axis);
  }
  return [down!, across!];
}

function refuse(layer: string, axis: Axis): never {
  const { length, size, stride, pad, dilation } = axis;
  const apart = dilation === 1 ? "" : ` at a dilation of ${dilation}`;
  throw new RangeError(
    `Cannot size ${withArticle(layer)} layer: its windows must fill the input, got ${
      stepsOf(axis) + 1
    } windows of ${size}${apart} over ${length} with stride ${stride} and padding ${pad}; ` +
      `what fits is ${advice(axis)}; or give rounding: "floor" or "ceil"`,
  );
}
