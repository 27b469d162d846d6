// MobileNet. Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto and Adam, "MobileNets: efficient
// convolutional neural networks for mobile vision applications", 2017, §3 and Table 1.
// https://arxiv.org/abs/1704.04861
import { relu } from "../layers/activation.ts";
import { conv } from "../layers/conv.ts";
import { dense } from "../layers/dense.ts";
import type { Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm } from "../layers/norm.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireRange } from "../text/require.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode mobilenetV1}. */
export type MobileNetV1Options = {
  /** Factor of all layers' filters, the paper's α. Default: 1. */
  readonly width?: number;
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** Filters of the 1 × 1 convolution and stride of the 3 × 3 one in each block: Table 1. */
const BLOCKS: readonly (readonly [features: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/**
 * MobileNet: a convolution of 32 filters of 3 × 3, then 13 blocks of a 3 × 3 convolution of each
 * channel by itself (depthwise) and a 1 × 1 convolution over the channels, each batch-normalized
 * with a ReLU; a global mean and a dense layer. 4,231,976 parameters.
 *
 * @param options width; number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 1024 · width]`
 * without head; made for `[224, 224, 3]`
 * @throws {RangeError} if the width leaves a layer without filters
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, findModel } from "@neocog/neocog";
 *
 * const model = findModel("mobilenet-v1").build();
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 4231976);
 * ```
 */
export function mobilenetV1(options: MobileNetV1Options = {}): Layer {
  requireModelOptions("make a MobileNet", options, { width: true, numClasses: true, head: true });
  const { width = 1, numClasses = 1000, head = true } = options;
  const features = (count: number): number => Math.floor(width * count);
  requireRange("make a MobileNet", "its width must be at least 1/32", features(32) >= 1, width);
  const layers: { [name: string]: NamedLayers[string] } = {
    conv1: conv({ features: features(32), size: 3, stride: 2, padding: 1, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
  };
  let channels = features(32);
  for (const [i, [count, stride]] of BLOCKS.entries()) {
    layers[`block${i + 1}`] = separable(channels, features(count), stride);
    channels = features(count);
  }
  layers.pool = globalMeanPool();
  if (head) layers.logits = dense({ features: numClasses });
  return sequential(layers) as Layer;
}

/** A depthwise separable convolution (§3.1, Figure 3). */
function separable(channels: number, features: number, stride: number): Layer {
  const size = 3;
  return sequential({
    depthwise: conv({
      features: channels,
      size,
      stride,
      padding: 1,
      groups: channels,
      bias: false,
    }),
    norm1: batchNorm(),
    relu1: relu(),
    pointwise: conv({ features, size: 1, bias: false }),
    norm2: batchNorm(),
    relu2: relu(),
  }) as Layer;
}
