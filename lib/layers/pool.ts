// Pooling layers (§12.2): a window's activations condensed into one.
import { requireRange } from "../text/require.ts";
import { maxWindows } from "../tensor/max_windows.ts";
import { sizeOf, type Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { meanWindows, sumWindows } from "../tensor/window_sums.ts";
import { placeWindow } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { only, type OperationCall, type Slide, slideOver, type Value } from "./operation.ts";
import {
  checkWindow,
  type Padding,
  type Pair,
  requireImage,
  type Rounding,
  slide,
  type Window,
} from "./window.ts";
import { withArticle } from "../text/article.ts";

const OPTIONS: Readonly<Record<keyof PoolOptions, true>> = {
  size: true,
  stride: true,
  padding: true,
  rounding: true,
};

/** Options of the pooling layers. */
export type PoolOptions = {
  /** Height and width of the window. Default: 2. */
  readonly size?: Pair;
  /** Step of the window. Default: its size, so that windows do not overlap. */
  readonly stride?: Pair;
  /** Pixels around the input that do not count. Default: `"valid"`, none. */
  readonly padding?: Padding;
  /**
   * What happens to pixels at the end that no window fills: left out (`"floor"`), or a window that
   * the edge cuts short (`"ceil"`, PyTorch's and Caffe's `ceil_mode`). Default: `"floor"`.
   */
  readonly rounding?: Rounding;
};

/** Options of {@linkcode meanPool}. */
export type MeanPoolOptions = PoolOptions & {
  /**
   * Whether padding counts in the mean, as zeros: PyTorch's default, `count_include_pad`.
   * Default: `false`.
   */
  readonly countPadding?: boolean;
};

/** Options of {@linkcode normPool}. */
export type NormPoolOptions = PoolOptions & {
  /** Which norm: 1, the sum of magnitudes, or 2, the root of the sum of squares. Default: 2. */
  readonly norm?: 1 | 2;
};

/**
 * A layer that slides a window over each channel by itself.
 *
 * @param rectified computes its output with a ReLU before it, if that is less work than both
 */
function poolLayer(
  op: string,
  options: PoolOptions,
  pool: (x: Tensor4D, window: Window) => Tensor4D,
  work: number,
  operations: (call: OperationCall, slide: Slide) => Value,
  rectified?: (x: Tensor4D, window: Window) => Tensor4D,
): Layer<Empty, Empty> {
  const { size = 2, stride = size, padding = "valid", rounding = "floor" } = options;
  const window = checkWindow(op, { size, stride, padding, rounding });
  requireInput(op, window);
  const applyOf = (f: typeof pool): Layer<Empty, Empty>["apply"] => (_params, state, x) => [
    f(x as Tensor4D, window),
    state,
  ];
  return defineLayer({
    op,
    declare(shape) {
      const output = slide(op, window, shape, shape[2]!);
      const flops = work * sizeOf(window.size) * sizeOf(output);
      return stateless(output, { flops, window: placeWindow(window, shape) });
    },
    apply: applyOf(pool),
    operations: (call) => operations(call, slideOver(window, call.x.shape)),
    ...(rectified && { fusion: { afterRelu: applyOf(rectified) } }),
  });
}

/**
 * A window in the padding alone has no maximum, and no mean.
 *
 * @throws {RangeError} if there could be such a window
 */
export function requireInput(op: string, { size, padding }: Window): void {
  if (typeof padding === "number" && size.some((length) => padding >= length)) {
    throw new RangeError(
      `Cannot make ${
        withArticle(op)
      } layer: its padding must be smaller than its window, got ${padding} around [${size}]`,
    );
  }
}

/**
 * Max pooling: the largest activation of each window.
 *
 * @param options window size (2), stride (the size), padding (none), rounding (floor)
 * @returns the layer, `[N, H, W, C] → [N, H', W', C]`
 * @throws {RangeError} if an option is not a whole number in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { maxPool } from "@neocog/neocog";
 *
 * assertEquals(maxPool({ size: 3, stride: 2 }).declare([55, 55, 96]).shape, [27, 27, 96]);
 * ```
 */
export function maxPool(options: PoolOptions = {}): Layer<Empty, Empty> {
  requireLayerOptions("maxPool", options, OPTIONS);
  return poolLayer(
    "maxPool",
    options,
    maxWindows,
    1,
    ({ add, x, shape }, slide) => add({ op: "maxPool", ...slide }, shape, x),
    (x, window) => maxWindows(x, window, true),
  );
}

/**
 * Average pooling: the mean of each window. Padding does not count in the mean, unless `countPadding` is set.
 *
 * @param options window size (2), stride (the size), padding (none), rounding (floor), whether padding counts (no)
 * @returns the layer, `[N, H, W, C] → [N, H', W', C]`
 * @throws {RangeError} if an option is not a whole number in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { meanPool } from "@neocog/neocog";
 *
 * assertEquals(meanPool().declare([28, 28, 6]).shape, [14, 14, 6]);
 * ```
 */
export function meanPool(options: MeanPoolOptions = {}): Layer<Empty, Empty> {
  requireLayerOptions("meanPool", options, { ...OPTIONS, countPadding: true });
  const { countPadding = false } = options;
  return poolLayer(
    "meanPool",
    options,
    (x, window) => meanWindows(x, window, countPadding),
    1,
    ({ add, x, shape }, slide) => {
      const { padding } = options;
      const own = typeof padding === "number" ? padding : 0;
      const isBeyond = padding !== "same" && slide.after.some((after) => after > own);
      if (!countPadding || !isBeyond) {
        return add({ op: "meanPool", counted: countPadding, ...slide }, shape, x);
      }
      // Padding counts, what is beyond it does not.
      const [height, width, channels] = x.shape as [number, number, number];
      const sides = { before: [own, own, 0], after: [own, own, 0] };
      const padded = own === 0 ? x : add(
        { op: "pad", ...sides, mode: "constant", number: 0 },
        [height + 2 * own, width + 2 * own, channels],
        x,
      );
      const after = [slide.after[0] - own, slide.after[1] - own] as const;
      return add(
        { op: "meanPool", counted: false, ...slide, before: [0, 0], after },
        shape,
        padded,
      );
    },
  );
}

/**
 * Pooling by a norm (§12.2): Σ|x| or √Σx² of each window.
 *
 * @param options which norm (2), window size (2), stride (the size), padding (none), rounding (floor)
 * @returns the layer, `[N, H, W, C] → [N, H', W', C]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { normPool, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = normPool().apply({}, {}, tf.tensor4d([3, 0, 0, 4], [1, 2, 2, 1]), {});
 * assertEquals(await y.flatten().array(), [5]);
 * ```
 */
export function normPool(options: NormPoolOptions = {}): Layer<Empty, Empty> {
  requireLayerOptions("normPool", options, { ...OPTIONS, norm: true });
  const { norm = 2 } = options;
  requireRange("make a normPool layer", "its norm must be 1 or 2", norm === 1 || norm === 2, norm);
  return poolLayer(
    "normPool",
    options,
    (x, window) => {
      // Not tf.abs, whose slope at zero is -1: of activations after a ReLU, half are zero.
      if (norm === 1) return sumWindows(tf.mul(x, tf.sign(x)), window);
      // The root's slope at zero is infinite: below the floor the gradient is zero instead.
      return tf.sqrt(tf.maximum(sumWindows(tf.square(x), window), 1e-30));
    },
    2,
    ({ add, x, shape }, slide) => {
      const powers = norm === 1
        ? add({ op: "each", f: "abs" }, x.shape, x)
        : add({ op: "join", by: "mul" }, x.shape, x, x);
      const means = add({ op: "meanPool", counted: true, ...slide }, shape, powers);
      const count = {
        op: "number",
        by: "mul",
        number: sizeOf(slide.size),
        isFirst: false,
      } as const;
      const sums = add(count, shape, means);
      return norm === 1 ? sums : add({ op: "each", f: "sqrt" }, shape, sums);
    },
  );
}

/**
 * Global average pooling (§12.7.4): the mean of each feature map, instead of a fully connected layer.
 *
 * @returns the layer, `[N, H, W, C] → [N, C]`
 * @throws {TypeError} by `declare`, if the input is not `[H, W, C]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { globalMeanPool } from "@neocog/neocog";
 *
 * assertEquals(globalMeanPool().declare([7, 7, 512]).shape, [512]);
 * ```
 */
export function globalMeanPool(): Layer<Empty, Empty> {
  return defineLayer({
    op: "globalMeanPool",
    declare(shape) {
      requireImage("globalMeanPool", shape);
      return stateless([shape[2]!], { flops: sizeOf(shape), window: "all" });
    },
    apply: (_params, state, x) => [tf.mean(x, [1, 2]), state],
    operations: only({ op: "reduce", by: "mean", axes: [0, 1], keep: false }),
  });
}
