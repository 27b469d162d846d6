// Average pooling to a given size, whatever the input's.
import { requireWhole } from "../text/require.ts";
import type { Shape, Tensor, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { meanWindows } from "../tensor/window_sums.ts";
import { type Cost, placeSpans } from "./cost.ts";
import { defineLayer } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { type Add, UNPADDED, type Value } from "./operation.ts";
import { requireImage } from "./window.ts";

/**
 * PyTorch's `AdaptiveAvgPool2d`: the mean of each of `height` × `width` windows,
 * where window i of n over L pixels goes from ⌊i · L / n⌋ to ⌈(i + 1) · L / n⌉.
 * If L is not a multiple of n, windows overlap; if it is less, pixels repeat.
 *
 * @param height height of the output, in pixels
 * @param width width of the output, in pixels. Default: `height`
 * @returns the layer, `[N, H, W, C] → [N, height, width, C]`
 * @throws {RangeError} if a size is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { adaptiveMeanPool } from "@neocog/neocog";
 *
 * assertEquals(adaptiveMeanPool(4).declare([14, 14, 512]).shape, [4, 4, 512]);
 * ```
 */
export function adaptiveMeanPool(height: number, width = height): Layer<Empty, Empty> {
  requireWhole("make an adaptiveMeanPool layer", "its height", height);
  requireWhole("make an adaptiveMeanPool layer", "its width", width);
  return defineLayer({
    op: "adaptiveMeanPool",
    declare(shape) {
      requireImage("adaptiveMeanPool", shape);
      return stateless([height, width, shape[2]!], costOf(shape, [height, width]));
    },
    apply(_params, state, x) {
      const [, h, w] = (x as Tensor4D).shape;
      if (h % height === 0 && w % width === 0) {
        const size = [h / height, w / width] as const;
        return [meanWindows(x as Tensor4D, { size, stride: size, padding: "valid" }), state];
      }
      // The mean over a rectangle is that of the means of its rows.
      return [meansAlong(meansAlong(x as Tensor4D, 1, height), 2, width), state];
    },
    operations({ add, x, shape }) {
      const [h, w] = x.shape as [number, number, number];
      if (h % height === 0 && w % width === 0) {
        return meanOf(add, x, [h / height, w / width], shape);
      }
      return meansOf(add, meansOf(add, x, 0, height), 1, width);
    },
  });
}

/** The windows along an axis, each from its first pixel up to but not including the last. */
function windowsOf(length: number, count: number): [start: number, end: number][] {
  return Array.from({ length: count }, (_, i) => [
    Math.floor(i * length / count),
    Math.ceil((i + 1) * length / count),
  ]);
}

/** An operation a pixel of each window. */
function costOf(shape: Shape, output: readonly [number, number]): Cost {
  const [down, across] = [windowsOf(shape[0]!, output[0]), windowsOf(shape[1]!, output[1])];
  const pixelsOf = (windows: readonly (readonly [number, number])[]): number =>
    windows.reduce((sum, [start, end]) => sum + end - start, 0);
  const flops = pixelsOf(down) * pixelsOf(across) * shape[2]!;
  if (output[0] === 1 && output[1] === 1) return { flops, window: "all" };
  return { flops, window: placeSpans(shape, [down, across]) };
}

/** The operation of means of windows beside one another. */
function meanOf(add: Add, x: Value, size: readonly [number, number], shape: Shape): Value {
  return add({ op: "meanPool", counted: false, size, stride: size, ...UNPADDED }, shape, x);
}

/** {@linkcode meansAlong} in operations. */
function meansOf(add: Add, x: Value, axis: 0 | 1, count: number): Value {
  const length = x.shape[axis]!;
  const means = windowsOf(length, count).map(([start, end]) => {
    const begin = [0, 0, 0].with(axis, start);
    const rows = add({ op: "slice", begin }, x.shape.with(axis, end - start), x);
    const size: [number, number] = axis === 0 ? [end - start, 1] : [1, end - start];
    return meanOf(add, rows, size, x.shape.with(axis, 1));
  });
  return means.length === 1
    ? means[0]!
    : add({ op: "concat", axis }, x.shape.with(axis, count), ...means);
}

/** Means over `count` windows along an axis. */
function meansAlong(x: Tensor4D, axis: 1 | 2, count: number): Tensor4D {
  const length = x.shape[axis];
  const means = windowsOf(length, count).map(([start, end]): Tensor => {
    const begin = axis === 1 ? [0, start, 0, 0] : [0, 0, start, 0];
    const size = axis === 1 ? [-1, end - start, -1, -1] : [-1, -1, end - start, -1];
    return tf.mean(tf.slice(x, begin, size), axis, true);
  });
  return tf.concat(means, axis) as Tensor4D;
}
