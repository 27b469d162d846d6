// Layers that change the height and width of images without learning.
import { requireOneOf, requireWhole } from "../text/require.ts";
import {
  type PixelAlignment,
  resample,
  type ResampleMethod,
  type Resampling,
  sourcesOf,
} from "../tensor/resample.ts";
import type { Shape, Tensor, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { type Cost, type PlacedWindow, placeSpans, type Spans } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { only } from "./operation.ts";
import { checkPair, type Pair, requireImage } from "./window.ts";

const OPTIONS: Readonly<Record<keyof UpsampleOptions, true>> = {
  factor: true,
  size: true,
  method: true,
  align: true,
};

/** Options of {@linkcode upsample}: a factor or a size, not both. */
export type UpsampleOptions = {
  /** By how much height and width grow, whole numbers. Default: 2. */
  readonly factor?: Pair;
  /** Height and width of the output, in pixels; it may be smaller than the input. */
  readonly size?: Pair;
  /** How a number between pixels is found. Default: `"nearest"`. */
  readonly method?: ResampleMethod;
  /** Which pixels lie on which. Default: `"asymmetric"` of nearest, `"half-pixel"` of bilinear. */
  readonly align?: PixelAlignment;
};

/**
 * Images of another size: PyTorch's `Upsample`. Its `"nearest"` is `"asymmetric"`, `"nearest-exact"`
 * is `"half-pixel"`; its bilinear one is `"half-pixel"`, or `"align-corners"`; Keras's resizing is
 * `"half-pixel"`; older networks of TensorFlow and ONNX are `"asymmetric"`.
 *
 * Besides multiples by nearest, an axis is a product with a matrix: as much work as a 1 × 1
 * convolution of as many channels as the axis is long.
 *
 * @param options factor or size, method, alignment
 * @returns the layer, `[N, H, W, C] → [N, H', W', C]`
 * @throws {TypeError} if both a factor and a size are given
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers } from "@neocog/neocog";
 *
 * assertEquals(layers.upsample({ factor: 2 }).declare([7, 5, 16]).shape, [14, 10, 16]);
 * ```
 */
export function upsample(options: UpsampleOptions = {}): Layer<Empty, Empty> {
  requireLayerOptions("upsample", options, OPTIONS);
  const { method = "nearest" } = options;
  const { align = method === "nearest" ? "asymmetric" : "half-pixel" } = options;
  const action = "make an upsample layer";
  if (options.factor !== undefined && options.size !== undefined) {
    throw new TypeError(`Cannot ${action}: it must have a factor or a size, got both`);
  }
  requireOneOf(action, "its method", ["nearest", "bilinear"], method);
  const alignments: readonly PixelAlignment[] = ["half-pixel", "align-corners", "asymmetric"];
  requireOneOf(action, "its align", alignments, align);
  const size = options.size === undefined ? undefined : checkPair("upsample", "size", options.size);
  const factor = checkPair("upsample", "factor", options.factor ?? 2);
  const sizeOf = (shape: Shape): readonly [number, number] =>
    size ?? [shape[0]! * factor[0], shape[1]! * factor[1]];
  return defineLayer({
    op: "upsample",
    declare(shape) {
      requireImage("upsample", shape);
      const output = sizeOf(shape);
      return stateless([...output, shape[2]!], costOf(shape, output, { method, align }));
    },
    apply: (_params, state, x) => [
      resample(x as Tensor4D, sizeOf(x.shape.slice(1)), { method, align }),
      state,
    ],
    operations: only({ op: "resample", method, align }),
  });
}

/** Bilinear: two products and a sum for each axis. */
function costOf(shape: Shape, output: readonly [number, number], resampling: Resampling): Cost {
  const [height, width, channels] = shape as [number, number, number];
  const each = resampling.method === "nearest" ? 0 : 3;
  const along = (length: number, count: number): Spans =>
    Array.from({ length: count }, (_, i) => {
      const sources = sourcesOf(i, length, count, resampling);
      return [sources[0]![0], sources.at(-1)![0] + 1];
    });
  return {
    flops: each * channels * output[0] * (width + output[1]),
    window: placeSpans(shape, [along(height, output[0]), along(width, output[1])]),
  };
}

/**
 * Puts channels into space, PyTorch's `PixelShuffle`: of each r² channels a block of r × r pixels of
 * one channel (Shi et al., "Real-time single image and video super-resolution", 2016).
 *
 * @param factor r, by how much height and width grow
 * @returns the layer, `[N, H, W, C · r²] → [N, H · r, W · r, C]`
 * @throws {RangeError} if `factor` is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.pixelShuffle(2).apply({}, {}, tf.tensor4d([1, 2, 3, 4], [1, 1, 1, 4]), {});
 * assertEquals(await y.array(), [[[[1], [2]], [[3], [4]]]]);
 * ```
 */
export function pixelShuffle(factor: number): Layer<Empty, Empty> {
  requireWhole("make a pixelShuffle layer", "its factor", factor);
  return defineLayer({
    op: "pixelShuffle",
    declare(shape) {
      requireImage("pixelShuffle", shape);
      const [height, width, channels] = shape as [number, number, number];
      if (channels % factor ** 2 !== 0) {
        throw new RangeError(
          `Cannot apply a pixelShuffle layer to [${shape}]: its channels must be a multiple of ${
            factor ** 2
          }, got ${channels}`,
        );
      }
      return stateless([height * factor, width * factor, channels / factor ** 2], {
        flops: 0,
        window: placed(2 - 1 / factor, 1 / factor, 1 - 1 / factor),
      });
    },
    apply(_params, state, x) {
      const [batch, height, width, channels] = (x as Tensor4D).shape;
      const own = channels / factor ** 2;
      // First the block before the channels, then its rows before the columns.
      const blocks = swapLast(x, [batch * height * width, own, factor ** 2]);
      const lines = tf.reshape(blocks, [batch * height, width, factor, factor * own]);
      const turned = tf.transpose(lines, [0, 2, 1, 3]);
      return [tf.reshape(turned, [batch, height * factor, width * factor, own]), state];
    },
    operations: only({ op: "pixelShuffle", factor }),
  });
}

/**
 * The inverse of {@linkcode pixelShuffle}: each block of r × r pixels becomes r² channels.
 *
 * @param factor r, by how much height and width shrink
 * @returns the layer, `[N, H · r, W · r, C] → [N, H, W, C · r²]`
 * @throws {RangeError} if `factor` is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers } from "@neocog/neocog";
 *
 * assertEquals(layers.pixelUnshuffle(2).declare([8, 6, 3]).shape, [4, 3, 12]);
 * ```
 */
export function pixelUnshuffle(factor: number): Layer<Empty, Empty> {
  requireWhole("make a pixelUnshuffle layer", "its factor", factor);
  return defineLayer({
    op: "pixelUnshuffle",
    declare(shape) {
      requireImage("pixelUnshuffle", shape);
      const [height, width, channels] = shape as [number, number, number];
      if (height % factor !== 0 || width % factor !== 0) {
        throw new RangeError(
          `Cannot apply a pixelUnshuffle layer: height and width must be multiples of ${factor}, got [${shape}]`,
        );
      }
      return stateless([height / factor, width / factor, channels * factor ** 2], {
        flops: 0,
        window: placed(factor, factor, 0),
      });
    },
    apply(_params, state, x) {
      const [batch, tall, wide, channels] = (x as Tensor4D).shape;
      const [height, width] = [tall / factor, wide / factor];
      const lines = tf.reshape(x, [batch * height, factor, width, factor * channels]);
      const turned = tf.transpose(lines, [0, 2, 1, 3]);
      const blocks = swapLast(turned, [batch * height * width, factor ** 2, channels]);
      return [tf.reshape(blocks, [batch, height, width, channels * factor ** 2]), state];
    },
    operations({ add, x, shape }) {
      const [height, width, channels] = [shape[0]!, shape[1]!, x.shape[2]!];
      const parts = [height, factor, width, factor, channels];
      const order = [0, 2, 4, 1, 3];
      const split = add({ op: "reshape" }, parts, x);
      const turned = add({ op: "transpose", order }, order.map((axis) => parts[axis]!), split);
      return add({ op: "reshape" }, shape, turned);
    },
  });
}

/** The numbers as `[a, b, c]` with the last two axes swapped. */
function swapLast(x: Tensor, shape: readonly [number, number, number]): Tensor {
  return tf.transpose(tf.reshape(x, [...shape]), [0, 2, 1]);
}

function placed(size: number, stride: number, before: number): PlacedWindow {
  const both = (value: number): [number, number] => [value, value];
  return { size: both(size), stride: both(stride), dilation: [1, 1], before: both(before) };
}
