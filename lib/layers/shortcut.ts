// The shortcut without parameters of a residual block that changes its input's shape.
import { requireWhole } from "../text/require.ts";
import type { Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { UNPADDED } from "./operation.ts";
import { requireImage } from "./window.ts";

/** Options of {@linkcode zeroPadShortcut}. */
export type ZeroPadShortcutOptions = {
  /** Feature maps of the output, at least the input's. */
  readonly features: number;
  /** Distance of the rows, and of the columns, that are taken. Default: 1. */
  readonly stride?: number;
};

/**
 * Option A of He, Zhang, Ren and Sun ("Deep residual learning for image
 * recognition", 2015, §3.3): the input at every `stride`-th row and column, with
 * feature maps of zeros up to `features`, half of them before and half behind.
 *
 * @param options number of feature maps, stride
 * @returns the layer, `[N, H, W, C] → [N, ⌈H / stride⌉, ⌈W / stride⌉, features]`
 * @throws {RangeError} if an option is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { zeroPadShortcut } from "@neocog/neocog";
 *
 * const shortcut = zeroPadShortcut({ features: 32, stride: 2 });
 * assertEquals(shortcut.declare([32, 32, 16]).shape, [16, 16, 32]);
 * ```
 */
export function zeroPadShortcut(options: ZeroPadShortcutOptions): Layer<Empty, Empty> {
  requireLayerOptions("zeroPadShortcut", options, { features: true, stride: true });
  const { features, stride = 1 } = options;
  requireWhole("make a zeroPadShortcut layer", "its features", features);
  requireWhole("make a zeroPadShortcut layer", "its stride", stride);
  return defineLayer({
    op: "zeroPadShortcut",
    declare(shape) {
      requireImage("zeroPadShortcut", shape);
      const [height, width, channels] = shape as [number, number, number];
      if (channels > features) {
        throw new RangeError(
          `Cannot apply a zeroPadShortcut layer: its input must have at most ${features} channels, got ${channels}`,
        );
      }
      return stateless([Math.ceil(height / stride), Math.ceil(width / stride), features], {
        flops: 0,
        window: { size: [1, 1], stride: [stride, stride], dilation: [1, 1], before: [0, 0] },
      });
    },
    apply: (_params, state, x) => [widen(thin(x as Tensor4D, stride), features), state],
    operations({ add, x, shape }) {
      const channels = x.shape[2]!;
      const first = stride === 1 ? x : add(
        { op: "maxPool", size: [1, 1], stride: [stride, stride], ...UNPADDED },
        [shape[0]!, shape[1]!, channels],
        x,
      );
      if (channels === features) return first;
      const left = (features - channels) >> 1;
      const sides = { before: [0, 0, left], after: [0, 0, features - channels - left] };
      return add({ op: "pad", ...sides, mode: "constant", number: 0 }, shape, first);
    },
  });
}

/**
 * Every `stride`-th row and column. Two reshapes, which cost nothing, put the rest
 * behind it along two axes, so that one slice cuts it off: tfjs has no gradient of
 * a slice with strides, and on WebGPU a wrong one of a slice of rank 5.
 */
function thin(x: Tensor4D, stride: number): Tensor4D {
  if (stride === 1) return x;
  const [n, height, width, channels] = x.shape;
  const [h, w] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const whole = h * stride === height && w * stride === width
    ? x
    : tf.pad(x, [[0, 0], [0, h * stride - height], [0, w * stride - width], [0, 0]]);
  const parted = tf.reshape(whole, [n * h, stride, w, stride * channels]);
  const first = tf.slice(parted, [0, 0, 0, 0], [n * h, 1, w, channels]);
  return tf.reshape(first, [n, h, w, channels]);
}

/** Zeros before and behind the channels, as many as are missing. */
function widen(x: Tensor4D, features: number): Tensor4D {
  const missing = features - x.shape[3];
  if (missing === 0) return x;
  const before = missing >> 1;
  return tf.pad(x, [[0, 0], [0, 0], [0, 0], [before, missing - before]]);
}
