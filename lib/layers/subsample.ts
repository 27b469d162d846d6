// Pooling that learns: LeCun's sub-sampling layers.
import { sizeOf, type Tensor, type Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { sumWindows } from "../tensor/window_sums.ts";
import { placeWindow } from "./cost.ts";
import { heNormal, type Initializer, zeros } from "./initializers.ts";
import { defineLayer } from "./define_layer.ts";
import type { Empty, Layer } from "./layer.ts";
import { derived, slideOver } from "./operation.ts";
import { checkWindow, type Pair, slide } from "./window.ts";

/** Options of {@linkcode subsample}. */
export type SubsampleOptions = {
  /** Height and width of the window. Default: 2. */
  readonly size?: Pair;
  /** First values of the coefficients, given the shape `[h, w, 1, C]`. Default: {@linkcode heNormal}. */
  readonly initializer?: Initializer;
};

/** Parameters of sub-sampling. */
export type SubsampleParams = {
  /** Factor of each feature map's sums, `[C]`. */
  readonly coefficient: Tensor;
  /** Is added to them, `[C]`. */
  readonly bias: Tensor;
};

/**
 * Sub-sampling (LeCun, Bottou, Bengio and Haffner, 1998, §II.B): the sum of each
 * window of a feature map, windows side by side, times a coefficient of the map,
 * plus a bias. Two parameters a map.
 *
 * @param options window size (2), initializer
 * @returns the layer, `[N, H, W, C] → [N, H', W', C]`
 * @throws {RangeError} if the size is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters } from "@neocog/neocog";
 * import { subsample } from "./subsample.ts";
 *
 * const { shape, params } = subsample().declare([28, 28, 6]);
 * assertEquals([shape, countParameters(params)], [[14, 14, 6], 12]);
 * ```
 */
export function subsample(options: SubsampleOptions = {}): Layer<SubsampleParams, Empty> {
  const { size = 2, initializer = heNormal } = options;
  const window = checkWindow("subsample", { size, stride: size, padding: "valid" });
  return defineLayer<SubsampleParams, Empty>({
    op: "subsample",
    declare(shape) {
      const features = [shape[2]!];
      const output = slide("subsample", window, shape, shape[2]!);
      // A sum, and a multiply-add of it.
      const flops = (sizeOf(window.size) + 2) * sizeOf(output);
      return {
        shape: output,
        params: {
          coefficient: {
            shape: features,
            // A coefficient is a filter's weight, the same at each of its taps.
            initializer: (key) =>
              initializer(key, [...window.size, 1, features[0]!]).slice(0, features[0]),
          },
          bias: { shape: features, initializer: zeros },
        },
        state: {},
        cost: { flops, window: placeWindow(window, shape) },
      };
    },
    apply(params, state, x) {
      const sums = sumWindows(x as Tensor4D, window);
      return [tf.add(tf.mul(sums, params.coefficient), params.bias), state];
    },
    // A convolution of each channel by itself, whose filters are of one number.
    operations({ add, x, shape, weight }) {
      const groups = shape[2]!;
      const kernel = derived(
        [...window.size, 1, groups],
        [weight("coefficient")],
        ([own]) =>
          Float32Array.from({ length: sizeOf(window.size) * groups }, (_, i) => own![i % groups]!),
      );
      const slide = slideOver(window, x.shape);
      return add({ op: "conv", ...slide, groups, kernel, bias: weight("bias") }, shape, x);
    },
  });
}
