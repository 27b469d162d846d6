// LeNet-5. LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
// recognition", Proceedings of the IEEE, 1998. http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf
import { relu, tanh } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import { heNormal, lecunNormal } from "../layers/initializers.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { maxPool, meanPool } from "../layers/pool.ts";
import { flatten, padTo } from "../layers/reshape.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf } from "../text/require.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode lenet5}. */
export type LeNet5Options = {
  /** Number of classes. Default: 10. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
  /** Activation after every layer but pooling and the last. Default: `"tanh"`, the paper's. */
  readonly activation?: "tanh" | "relu";
  /** The pooling of 2 × 2 activations. Default: `"max"` (§12.2); `"mean"` is nearest to the paper. */
  readonly pooling?: "max" | "mean";
};

/** Parameters of {@linkcode lenet5}; layers that learn nothing have empty records. */
export type LeNet5Params = {
  readonly pad: Empty;
  readonly conv1: ConvParams;
  readonly act1: Empty;
  readonly pool1: Empty;
  readonly conv2: ConvParams;
  readonly act2: Empty;
  readonly pool2: Empty;
  readonly flatten: Empty;
  readonly dense1: DenseParams;
  readonly act3: Empty;
  readonly dense2: DenseParams;
  readonly act4: Empty;
  /** Absent without head. */
  readonly logits: DenseParams;
};

/**
 * LeNet-5 as the chapter draws it (§12.7.1, Figure 12.16): two convolutions of
 * 5 × 5 filters, each with 2 × 2 pooling, then 120, 84 and 10 units. Images
 * smaller than 32 × 32 are padded to that size, as the paper pads MNIST's.
 * 61,706 parameters with one input channel, 62,006 with three.
 *
 * @param options number of classes, activation, pooling, head
 * @returns the model, `[N, H ≤ 32, W ≤ 32, C] → logits [N, numClasses]`
 * @throws {RangeError} if an option is not one of its values
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, lenet5 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(lenet5().declare([28, 28, 1]).params), 61706);
 * assertEquals(countParameters(lenet5().declare([32, 32, 3]).params), 62006);
 * ```
 */
export function lenet5(options: LeNet5Options = {}): Layer<LeNet5Params> {
  requireModelOptions("make LeNet-5", options, {
    numClasses: true,
    head: true,
    activation: true,
    pooling: true,
  });
  const { numClasses = 10, activation = "tanh", pooling = "max", head = true } = options;
  requireOneOf("make LeNet-5", "its activation", ["tanh", "relu"], activation);
  requireOneOf("make LeNet-5", "its pooling", ["max", "mean"], pooling);
  const activate = activation === "tanh" ? tanh : relu;
  const initializer = activation === "tanh" ? lecunNormal : heNormal;
  const pool = pooling === "max" ? maxPool : meanPool;
  const layers: NamedLayers = {
    pad: padTo(32),
    conv1: conv({ features: 6, size: 5, initializer }),
    act1: activate(),
    pool1: pool(),
    conv2: conv({ features: 16, size: 5, initializer }),
    act2: activate(),
    pool2: pool(),
    flatten: flatten(),
    dense1: dense({ features: 120, initializer }),
    act3: activate(),
    dense2: dense({ features: 84, initializer }),
    act4: activate(),
    ...(head ? { logits: dense({ features: numClasses, initializer }) } : {}),
  };
  return sequential(layers) as Layer as Layer<LeNet5Params>;
}
