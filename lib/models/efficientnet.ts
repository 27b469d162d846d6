// EfficientNet-B0. Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural
// networks", 2019, Table 1. https://arxiv.org/abs/1905.11946
import { silu } from "../layers/activations.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import type { AnyLayer, Layer } from "../layers/layer.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { convNorm, invertedResidual } from "./inverted_residual.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode efficientnet}. */
export type EfficientNetOptions = {
  /** Rate of dropout before the output layer. Default: 0.2. */
  readonly dropout?: number;
  /** Rate at which an example skips the last block in training; the others' rise to it. Default: 0.2. */
  readonly dropRate?: number;
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** Stages 2 to 8: blocks alike but for the first one's stride. */
const STAGES: readonly (readonly [
  expansion: number,
  window: number,
  stride: number,
  features: number,
  blocks: number,
])[] = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
];

/**
 * EfficientNet-B0: MobileNetV2's blocks with squeeze-and-excite and SiLU; in training, examples skip
 * blocks at random (Huang et al., "Deep networks with stochastic depth", 2016). 5,288,548
 * parameters.
 *
 * @param options rates of dropout and of skipped blocks; number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 1280]` without head;
 * made for `[224, 224, 3]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, findModel } from "@neocog/neocog";
 *
 * const model = findModel("efficientnet-b0").build();
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 5288548);
 * ```
 */
export function efficientnet(options: EfficientNetOptions = {}): Layer {
  requireModelOptions("make an EfficientNet", options, {
    dropout: true,
    dropRate: true,
    numClasses: true,
    head: true,
  });
  const { dropout: rate = 0.2, dropRate = 0.2, numClasses = 1000, head = true } = options;
  const style = { squeeze: { activation: silu() } };
  const layers: { [name: string]: AnyLayer } = {
    first: convNorm({ features: 32, size: 3, stride: 2, padding: 1 }, silu()),
  };
  const total = STAGES.reduce((sum, stage) => sum + stage[4], 0);
  let [inputs, number] = [32, 0];
  for (const [i, [expansion, size, stride, features, count]] of STAGES.entries()) {
    const blocks: { [name: string]: AnyLayer } = {};
    for (let j = 0; j < count; j++) {
      blocks[`block${j + 1}`] = invertedResidual({
        inputs,
        expanded: expansion * inputs,
        features,
        size,
        stride: j === 0 ? stride : 1,
        activation: silu(),
        squeezed: Math.max(1, Math.floor(inputs / 4)),
        dropRate: dropRate * number++ / total,
      }, style);
      inputs = features;
    }
    layers[`stage${i + 1}`] = sequential(blocks);
  }
  layers.last = convNorm({ features: 4 * inputs, size: 1 }, silu());
  layers.pool = globalMeanPool();
  if (head) Object.assign(layers, { drop: dropout(rate), logits: dense({ features: numClasses }) });
  return sequential(layers) as Layer;
}
