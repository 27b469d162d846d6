// Fully connected layer.
import { requireWhole } from "../text/require.ts";
import { activate, type Activation } from "../tensor/activation.ts";
import { multiplyAdd } from "../tensor/multiply_add.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { heNormal, type Initializer, zeros } from "./initializers.ts";
import type { Empty, Layer, Slots } from "./layer.ts";
import { requireSizes } from "./window.ts";

const OPTIONS: Readonly<Record<keyof DenseOptions, true>> = {
  features: true,
  bias: true,
  initializer: true,
};

/** Options of {@linkcode dense}. */
export type DenseOptions = {
  /** Number of units. */
  readonly features: number;
  /** Whether each unit adds a learned number. Default: `true`. */
  readonly bias?: boolean;
  /** First values of the weights. Default: {@linkcode heNormal}. */
  readonly initializer?: Initializer;
};

/** Parameters of a fully connected layer. */
export type DenseParams = {
  /** The weights, `[inputs, features]`. */
  readonly kernel: Tensor2D;
  /** One number a unit, `[features]`; absent without bias. */
  readonly bias: Tensor;
};

/**
 * A fully connected layer, y = x · W + b.
 *
 * @param options number of units, bias, initializer
 * @returns the layer, `[N, inputs] → [N, features]`
 * @throws {RangeError} if `features` is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, dense } from "@neocog/neocog";
 *
 * // §12.1: what a hidden layer of 20 units over a CIFAR image costs.
 * assertEquals(countParameters(dense({ features: 20 }).declare([3072]).params), 61460);
 * ```
 */
export function dense(options: DenseOptions): Layer<DenseParams, Empty> {
  requireLayerOptions("dense", options, OPTIONS);
  const { features, bias = true, initializer = heNormal } = options;
  requireWhole("make a dense layer", "its features", features);
  const withActivation =
    (activation?: Activation): Layer<DenseParams, Empty>["apply"] => (params, state, x) => {
      const y = bias
        ? multiplyAdd(x as Tensor2D, params.kernel, params.bias as Tensor1D, activation)
        : activate(tf.matMul(x as Tensor2D, params.kernel), activation);
      return [y, state];
    };
  return defineLayer<DenseParams, Empty>({
    op: "dense",
    declare(shape) {
      if (shape.length !== 1) {
        throw new TypeError(
          `Cannot apply a dense layer: its input must be a vector (put flatten() before it), got [${shape}]`,
        );
      }
      requireSizes("dense", shape);
      return {
        shape: [features],
        params: {
          kernel: { shape: [shape[0]!, features], initializer },
          ...(bias ? { bias: { shape: [features], initializer: zeros } } : {}),
        } as Slots<DenseParams>,
        state: {},
        cost: { flops: 2 * shape[0]! * features, window: "all" },
      };
    },
    apply: withActivation(),
    operations({ add, x, shape, weight }) {
      const weights = { kernel: weight("kernel"), ...(bias ? { bias: weight("bias") } : {}) };
      return add({ op: "dense", ...weights }, shape, x);
    },
    fusion: { withActivation },
  });
}
