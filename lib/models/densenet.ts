// DenseNet. Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks",
// 2017, §3 and Table 1. https://arxiv.org/abs/1608.06993
import { identity, relu } from "../layers/activation.ts";
import { conv } from "../layers/conv.ts";
import { dense } from "../layers/dense.ts";
import type { Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm } from "../layers/norm.ts";
import { parallel } from "../layers/parallel.ts";
import { globalMeanPool, maxPool, meanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireRange, requireWhole } from "../text/require.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode densenet}. */
export type DenseNetOptions = {
  /** Layers of each of the four dense blocks. Default: `[6, 12, 24, 16]`, DenseNet-121. */
  readonly blocks?: readonly number[];
  /** Feature maps that a layer adds, the paper's k. Default: 32. */
  readonly growth?: number;
  /** Filters of the first convolution. Default: twice the growth. */
  readonly features?: number;
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** Filters of a layer's 1 × 1 convolution per feature map that the layer adds (§3, "Bottleneck layers"). */
const BOTTLENECK = 4;

/**
 * DenseNet-BC: in a dense block each layer takes the feature maps of all layers before it and adds
 * `growth` more; between blocks a 1 × 1 convolution halves their number and a mean pooling their
 * size. Normalization and ReLU come before each convolution, which has no bias. 7,978,856
 * parameters.
 *
 * @param options layers of the blocks, growth, first filters; number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 1024]` without head;
 * made for `[224, 224, 3]`
 * @throws {RangeError} if there are not four blocks, or a number is not whole and at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, findModel } from "@neocog/neocog";
 *
 * const model = findModel("densenet121").build();
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 7978856);
 * ```
 */
export function densenet(options: DenseNetOptions = {}): Layer {
  requireModelOptions("make a DenseNet", options, {
    blocks: true,
    growth: true,
    features: true,
    numClasses: true,
    head: true,
  });
  const { blocks = [6, 12, 24, 16], growth = 32, numClasses = 1000, head = true } = options;
  const attempt = "make a DenseNet";
  const features = requireWhole(attempt, "its features", options.features ?? 2 * growth);
  requireWhole(attempt, "its growth", growth);
  requireRange(attempt, "its blocks must be four", blocks.length === 4, `[${blocks}]`);
  const layers: { [name: string]: NamedLayers[string] } = {
    conv1: conv({ features, size: 7, stride: 2, padding: 3, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    pool1: maxPool({ size: 3, stride: 2, padding: 1 }),
  };
  let channels = features;
  for (const [i, count] of blocks.entries()) {
    layers[`block${i + 1}`] = denseBlock(requireWhole(attempt, "a block's layers", count), growth);
    channels += count * growth;
    if (i === blocks.length - 1) break;
    channels = Math.floor(channels / 2);
    layers[`transition${i + 1}`] = transition(channels);
  }
  layers.norm5 = batchNorm();
  layers.relu5 = relu();
  layers.pool = globalMeanPool();
  if (head) layers.logits = dense({ features: numClasses });
  return sequential(layers) as Layer;
}

/** Layers that each put their feature maps behind those of their input. */
function denseBlock(count: number, growth: number): Layer {
  const grown = parallel({ before: identity(), added: addedMaps(growth) });
  return sequential(
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`layer${i + 1}`, grown])),
  ) as Layer;
}

/** The feature maps that a layer adds: a 1 × 1 convolution, then one of 3 × 3. */
function addedMaps(growth: number): Layer {
  return sequential({
    norm1: batchNorm(),
    relu1: relu(),
    conv1: conv({ features: BOTTLENECK * growth, size: 1, bias: false }),
    norm2: batchNorm(),
    relu2: relu(),
    conv2: conv({ features: growth, size: 3, padding: 1, bias: false }),
  }) as Layer;
}

/** What is between two blocks: fewer feature maps of half the size. */
function transition(features: number): Layer {
  return sequential({
    norm: batchNorm(),
    relu: relu(),
    conv: conv({ features, size: 1, bias: false }),
    pool: meanPool({ size: 2, stride: 2 }),
  }) as Layer;
}
