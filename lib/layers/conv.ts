// Convolution layer (§12.1): filters shared over all positions of the image.
import { requireWhole } from "../text/require.ts";
import type { Activation } from "../tensor/activation.ts";
import { convolve } from "../tensor/convolve.ts";
import { sizeOf, type Tensor, type Tensor1D, type Tensor4D } from "../tensor/tensor.ts";
import { placeWindow } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { heNormal, type Initializer, zeros } from "./initializers.ts";
import type { Empty, Layer, Slots } from "./layer.ts";
import { slideOver } from "./operation.ts";
import { checkWindow, type Padding, type Pair, requireImage, slide } from "./window.ts";

const OPTIONS: Readonly<Record<keyof ConvOptions, true>> = {
  features: true,
  size: true,
  stride: true,
  padding: true,
  dilation: true,
  groups: true,
  bias: true,
  initializer: true,
};

/** Options of {@linkcode conv}. */
export type ConvOptions = {
  /** Number of filters, channels of the output. */
  readonly features: number;
  /** Height and width of the filters, one number for both or `[h, w]`. */
  readonly size: Pair;
  /** Step of the filters. Default: 1. */
  readonly stride?: Pair;
  /** Zeros around the input. Default: `"valid"`, none. */
  readonly padding?: Padding;
  /** Distance of a filter's neighboring taps. Default: 1. */
  readonly dilation?: Pair;
  /** Number of parts, each with its own filters, that the channels are divided into. Default: 1. */
  readonly groups?: number;
  /** Whether each feature adds a learned number. Default: `true`. */
  readonly bias?: boolean;
  /** First values of the filters. Default: {@linkcode heNormal}. */
  readonly initializer?: Initializer;
};

/** Parameters of a convolution. */
export type ConvParams = {
  /** The filters, `[h, w, C / groups, features]`. */
  readonly kernel: Tensor4D;
  /** One number a feature, `[features]`; absent without bias. */
  readonly bias: Tensor;
};

/**
 * A convolution: each feature map is the sum over a window of the input, weighted
 * by a filter that is the same at every position, plus a bias (Equation 12.2).
 *
 * @param options filters, their size and how they slide
 * @returns the layer, `[N, H, W, C] → [N, H', W', features]`
 * @throws {RangeError} if an option is not a whole number in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conv } from "@neocog/neocog";
 *
 * const layer = conv({ features: 6, size: 5 });
 * assertEquals(layer.declare([32, 32, 3]).shape, [28, 28, 6]);
 * ```
 */
export function conv(options: ConvOptions): Layer<ConvParams, Empty> {
  requireLayerOptions("conv", options, OPTIONS);
  const { features, groups = 1, bias = true, initializer = heNormal } = options;
  const { size, stride = 1, padding = "valid", dilation = 1 } = options;
  const window = checkWindow("conv", { size, stride, padding, dilation });
  requireWhole("make a conv layer", "its features", features);
  requireGroups(requireWhole("make a conv layer", "its groups", groups), "features", features);
  const slid = { stride: window.stride, padding, dilation: window.dilation, groups };
  const withActivation =
    (activation?: Activation): Layer<ConvParams, Empty>["apply"] => (params, state, x) => {
      const added = bias ? params.bias as Tensor1D : undefined;
      return [convolve(x as Tensor4D, params.kernel, slid, added, activation), state];
    };
  return defineLayer<ConvParams, Empty>({
    op: "conv",
    declare(shape) {
      requireImage("conv", shape);
      const channels = shape[2]!;
      requireGroups(groups, "input channels", channels);
      const kernel = { shape: [...window.size, channels / groups, features], initializer };
      const output = slide("conv", window, shape, features);
      const taps = sizeOf(kernel.shape) / features;
      return {
        shape: output,
        params: {
          kernel,
          ...(bias ? { bias: { shape: [features], initializer: zeros } } : {}),
        } as Slots<ConvParams>,
        state: {},
        cost: { flops: 2 * taps * sizeOf(output), window: placeWindow(window, shape) },
      };
    },
    apply: withActivation(),
    operations: ({ add, x, shape, weight }) =>
      add(
        {
          op: "conv",
          ...slideOver(window, x.shape),
          groups,
          kernel: weight("kernel"),
          ...(bias ? { bias: weight("bias") } : {}),
        },
        shape,
        x,
      ),
    fusion: { withActivation },
  });
}

function requireGroups(groups: number, what: string, count: number): void {
  if (count % groups !== 0) {
    throw new RangeError(
      `Cannot make a conv layer: its groups must divide its ${what}, got ${groups} groups of ${count}`,
    );
  }
}
