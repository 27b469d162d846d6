// MobileNetV2. Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: inverted residuals and linear
// bottlenecks", 2018, Table 2. https://arxiv.org/abs/1801.04381
import { relu6 } from "../layers/activations.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import type { AnyLayer, Layer } from "../layers/layer.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { convNorm, invertedResidual, roundChannels } from "./inverted_residual.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode mobilenetV2}. */
export type MobileNetV2Options = {
  /** Factor of all layers' filters, rounded to multiples of 8. Default: 1. */
  readonly width?: number;
  /** Rate of dropout before the output layer. Default: 0.2. */
  readonly dropout?: number;
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** Blocks alike: the paper's t, c, n, s. */
const STAGES: readonly (readonly [
  expansion: number,
  features: number,
  blocks: number,
  stride: number,
])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/**
 * MobileNetV2: blocks that widen their input six times by a 1 × 1 convolution, filter each channel by
 * itself, and narrow without an activation, with a shortcut between the narrow ends. 3,504,872
 * parameters.
 *
 * @param options width, rate of dropout; number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 1280]` without head;
 * made for `[224, 224, 3]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, findModel } from "@neocog/neocog";
 *
 * const model = findModel("mobilenet-v2").build();
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 3504872);
 * ```
 */
export function mobilenetV2(options: MobileNetV2Options = {}): Layer {
  requireModelOptions("make a MobileNetV2", options, {
    width: true,
    dropout: true,
    numClasses: true,
    head: true,
  });
  const { width = 1, dropout: rate = 0.2, numClasses = 1000, head = true } = options;
  let inputs = roundChannels(32 * width);
  const layers: { [name: string]: AnyLayer } = {
    first: convNorm({ features: inputs, size: 3, stride: 2, padding: 1 }, relu6()),
  };
  let number = 0;
  for (const [expansion, count, blocks, firstStride] of STAGES) {
    const features = roundChannels(count * width);
    for (let i = 0; i < blocks; i++) {
      layers[`block${++number}`] = invertedResidual({
        inputs,
        expanded: expansion * inputs,
        features,
        size: 3,
        stride: i === 0 ? firstStride : 1,
        activation: relu6(),
      });
      inputs = features;
    }
  }
  layers.last = convNorm({ features: roundChannels(1280 * Math.max(1, width)), size: 1 }, relu6());
  layers.pool = globalMeanPool();
  if (head) Object.assign(layers, { drop: dropout(rate), logits: dense({ features: numClasses }) });
  return sequential(layers) as Layer;
}
