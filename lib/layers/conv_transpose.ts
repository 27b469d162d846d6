// Transposed convolution layer.
import { requireRange, requireWhole } from "../text/require.ts";
import {
  convolveTranspose,
  type ConvolveTransposeOptions,
  transposedLength,
} from "../tensor/convolve_transpose.ts";
import { type Shape, sizeOf, type Tensor1D, type Tensor4D } from "../tensor/tensor.ts";
import type { ConvParams } from "./conv.ts";
import type { PlacedWindow } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { heNormal, type Initializer, zeros } from "./initializers.ts";
import type { Empty, Layer, Slots } from "./layer.ts";
import { checkPair, type Pair, requireImage } from "./window.ts";

const OPTIONS: Readonly<Record<keyof ConvTransposeOptions, true>> = {
  features: true,
  size: true,
  stride: true,
  padding: true,
  outputPadding: true,
  dilation: true,
  groups: true,
  bias: true,
  initializer: true,
};

/** Options of {@linkcode convTranspose}, PyTorch's `ConvTranspose2d`. */
export type ConvTransposeOptions = {
  /** Number of filters, channels of the output. */
  readonly features: number;
  /** Height and width of the filters, one number for both or `[h, w]`. */
  readonly size: Pair;
  /** Distance in the output of neighbors in the input. Default: 1. */
  readonly stride?: Pair;
  /** Pixels cut off the output on every side. Default: 0. */
  readonly padding?: Pair;
  /** Pixels added at the bottom and the right, fewer than the stride or the dilation. Default: 0. */
  readonly outputPadding?: Pair;
  /** Distance of a filter's neighboring taps. Default: 1. */
  readonly dilation?: Pair;
  /** Number of parts, each with its own filters, that the channels are divided into. Default: 1. */
  readonly groups?: number;
  /** Whether each feature adds a learned number. Default: `true`. */
  readonly bias?: boolean;
  /** First values of the filters. Default: {@linkcode heNormal}. */
  readonly initializer?: Initializer;
};

/**
 * A transposed convolution, which enlarges by its stride (Dumoulin and Visin, "A guide to
 * convolution arithmetic", 2016, chapter 4). An output is (H − 1) · stride − 2 · padding +
 * dilation · (size − 1) + output padding + 1 pixels high. Its kernel is
 * `[h, w, features / groups, C]`.
 *
 * @param options filters, their size and how they are laid
 * @returns the layer, `[N, H, W, C] → [N, H', W', features]`
 * @throws {RangeError} if an option is not a whole number in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers } from "@neocog/neocog";
 *
 * const up = layers.convTranspose({ features: 8, size: 4, stride: 2, padding: 1 });
 * assertEquals(up.declare([7, 7, 16]).shape, [14, 14, 8]);
 * ```
 */
export function convTranspose(options: ConvTransposeOptions): Layer<ConvParams, Empty> {
  requireLayerOptions("convTranspose", options, OPTIONS);
  const { features, groups = 1, bias = true, initializer = heNormal } = options;
  const action = "make a convTranspose layer";
  const pair = (name: string, value: Pair, least = 1): [number, number] =>
    checkPair("convTranspose", name, value, least);
  const size = pair("size", options.size);
  const laid: ConvolveTransposeOptions = {
    stride: pair("stride", options.stride ?? 1),
    padding: pair("padding", options.padding ?? 0, 0),
    outputPadding: pair("outputPadding", options.outputPadding ?? 0, 0),
    dilation: pair("dilation", options.dilation ?? 1),
    groups: requireWhole(action, "its groups", groups),
  };
  requireWhole(action, "its features", features);
  requireRange(action, "its groups must divide its features", features % groups === 0, groups);
  const fits = laid.outputPadding.every((extra, axis) =>
    extra < Math.max(laid.stride[axis]!, laid.dilation[axis]!)
  );
  const rule = "its outputPadding must be below its stride or its dilation";
  requireRange(action, rule, fits, options.outputPadding);
  return defineLayer<ConvParams, Empty>({
    op: "convTranspose",
    declare(shape) {
      requireImage("convTranspose", shape);
      const channels = shape[2]!;
      requireRange(
        action,
        "its groups must divide its input channels",
        channels % groups === 0,
        groups,
      );
      const [height, width] = ([0, 1] as const).map((axis) =>
        lengthOf(shape, transposedLength(shape[axis]!, size[axis], axis, laid))
      );
      const kernel = { shape: [...size, features / groups, channels], initializer };
      return {
        shape: [height!, width!, features],
        params: {
          kernel,
          ...(bias ? { bias: { shape: [features], initializer: zeros } } : {}),
        } as Slots<ConvParams>,
        state: {},
        cost: {
          flops: 2 * sizeOf(shape) * size[0] * size[1] * features / groups,
          window: windowOf(size, laid),
        },
      };
    },
    apply(params, state, x) {
      const added = bias ? params.bias as Tensor1D : undefined;
      return [convolveTranspose(x as Tensor4D, params.kernel, laid, added), state];
    },
    operations({ add, x, shape, weight }) {
      const { stride, padding, dilation } = laid;
      const weights = { kernel: weight("kernel"), ...(bias ? { bias: weight("bias") } : {}) };
      return add({ op: "convTranspose", stride, padding, dilation, groups, ...weights }, shape, x);
    },
  });
}

function lengthOf(shape: Shape, length: number): number {
  if (length >= 1) return length;
  throw new RangeError(
    `Cannot apply a convTranspose layer to [${shape}]: its padding must leave something, got ${length} pixels`,
  );
}

/** Of neighbors in the input, as many as there are strides in the filter's reach: a fraction where they lie unevenly. */
function windowOf(
  size: readonly [number, number],
  { stride, padding, dilation }: ConvolveTransposeOptions,
): PlacedWindow {
  const along = (
    f: (reach: number, stride: number, padding: number) => number,
  ): [number, number] => {
    const at = (axis: 0 | 1): number =>
      f((size[axis] - 1) * dilation[axis], stride[axis], padding[axis]);
    return [at(0), at(1)];
  };
  return {
    size: along((reach, stride) => reach / stride + 1),
    stride: along((_reach, stride) => 1 / stride),
    dilation: [1, 1],
    before: along((reach, stride, padding) => (reach - padding) / stride),
  };
}
