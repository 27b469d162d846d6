// Local response normalization layer.
import { requirePositive, requireRange, requireWhole } from "../text/require.ts";
import { normalizeResponses } from "../tensor/local_response_norm.ts";
import { costOfEach } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { only } from "./operation.ts";
import { requireFeatures } from "./window.ts";

const OPTIONS: Readonly<Record<keyof LocalResponseNormOptions, true>> = {
  size: true,
  alpha: true,
  beta: true,
  k: true,
};

/** Options of {@linkcode localResponseNorm}, with PyTorch's defaults and an `alpha` as there. */
export type LocalResponseNormOptions = {
  /** Number of channels that are summed over. Default: 5. */
  readonly size?: number;
  /** Factor of the mean of their squares: `size` times the α of the paper and of TensorFlow. Default: 1e-4. */
  readonly alpha?: number;
  /** The divisor's exponent. Default: 0.75. */
  readonly beta?: number;
  /** The divisor of zeros, before the exponent. Default: 1. */
  readonly k?: number;
};

/**
 * Local response normalization (Krizhevsky, Sutskever and Hinton, 2012, §3.3):
 * each number is divided by a sum over its pixel's neighboring channels,
 * y = x / (k + alpha / size · Σx²)^beta. The sum is over `size` channels around
 * the number's own, of an even `size` one more before it than after; channels
 * beyond the first and last count as zeros.
 *
 * PyTorch and Caffe divide `alpha` by `size` as this layer does, the paper and
 * TensorFlow do not: AlexNet's α = 1e-4, β = 0.75, k = 2, n = 5 are
 * `{ size: 5, alpha: 5e-4, beta: 0.75, k: 2 }`.
 *
 * @param options size (5), alpha (1e-4), beta (0.75), k (1)
 * @returns the layer, of any shape with channels last
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { localResponseNorm, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const layer = localResponseNorm({ size: 3, alpha: 3, beta: 1, k: 1 });
 * const [y] = layer.apply({}, {}, tf.tensor2d([[1, 0, 2, 2]]), {});
 * assertEquals(await y.array(), [[0.5, 0, 2 / 9, 2 / 9].map(Math.fround)]);
 * ```
 */
export function localResponseNorm(options: LocalResponseNormOptions = {}): Layer<Empty, Empty> {
  requireLayerOptions("localResponseNorm", options, OPTIONS);
  const { size = 5, alpha = 1e-4, beta = 0.75, k = 1 } = options;
  const action = "make a localResponseNorm layer";
  const isAlpha = alpha >= 0 && alpha < Infinity;
  requireWhole(action, "its size", size);
  requireRange(action, "its alpha must be finite and at least 0", isAlpha, alpha);
  requirePositive(action, "its beta", beta);
  requirePositive(action, "its k", k);
  const before = Math.floor(size / 2);
  const attributes = { before, after: size - 1 - before, share: alpha / size, beta, k };
  return defineLayer({
    op: "localResponseNorm",
    declare(shape) {
      requireFeatures("localResponseNorm", shape);
      // The squares' sum, its share and k, the power, the division.
      return stateless(shape, costOfEach(shape, 2 * size + 4));
    },
    apply(_params, state, x) {
      if (x.dtype !== "float32") {
        throw new TypeError(
          `Cannot apply a localResponseNorm layer: its input must be float32, got ${x.dtype}`,
        );
      }
      return [normalizeResponses(x, attributes), state];
    },
    operations: only({ op: "responses", size, alpha, beta, k }),
  });
}
