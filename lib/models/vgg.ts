// VGG. Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
// recognition", 2014, Table 1. https://arxiv.org/abs/1409.1556
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import type { DenseParams } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm, type BatchNormParams } from "../layers/norm.ts";
import { globalMeanPool, maxPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf } from "../text/require.ts";
import { classes, type DenseHead, denseHead, type DenseHeadOptions } from "./dense_head.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode vgg}. */
export type VggOptions = Omit<DenseHeadOptions, "head"> & {
  /** Layers with weights, three of them dense. */
  readonly depth: 11 | 13 | 16 | 19;
  /**
   * What follows the convolutions: the paper's `"dense"` layers, or a part of them, see
   * {@linkcode DenseHead}; or the `"mean"` of each feature map and the classes (§12.7.4), for
   * images of any size from 32 × 32. Default: `"dense"`.
   */
  readonly head?: DenseHead | "mean";
  /** Whether every convolution is batch-normalized. Default: `false`. */
  readonly batchNorm?: boolean;
};

/** Parameters of VGG by layer; layers that learn nothing have empty records. */
export type VggParams = {
  readonly [layer: string]: ConvParams | BatchNormParams | DenseParams | Empty;
};

/** Filters of the convolutions of each stage. */
const WIDTHS = [64, 128, 256, 512, 512] as const;

/** Convolutions in each stage: the columns A, B, D and E of Table 1. */
const CONVOLUTIONS: Readonly<Record<number, readonly number[]>> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
};

/**
 * VGG (§12.7.4): five stages of convolutions of 3 × 3 filters with padding 1, each
 * followed by 2 × 2 max pooling, and three dense layers. Convolutions have biases before
 * batch normalization too, as torchvision's have. 132,863,336 parameters of 11 layers,
 * 133,047,848 of 13, 138,357,544 of 16 and 143,667,240 of 19.
 *
 * Weights begin with He's deviation, those of the logits with the paper's 0.01: with 0.01
 * everywhere, the paper had to train its deep networks from its shallow one.
 *
 * @param options depth, batch normalization, number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg } from "@neocog/neocog";
 *
 * const model = vgg({ depth: 19, head: "mean" });
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 20024384 + 513000);
 * ```
 */
export function vgg(options: VggOptions): Layer<VggParams> {
  requireModelOptions("make VGG", options, {
    depth: true,
    numClasses: true,
    dropout: true,
    head: true,
    batchNorm: true,
  });
  const { depth, batchNorm = false } = options;
  requireOneOf("make VGG", "its depth", Object.keys(CONVOLUTIONS).map(Number), depth);
  const stages = CONVOLUTIONS[depth]!.map((count, i) => stage(i + 1, count, batchNorm));
  return sequential(Object.assign({}, ...stages, head(options))) as Layer<VggParams>;
}

/** Convolutions, and the pooling after them. */
function stage(number: number, convolutions: number, normalized: boolean): NamedLayers {
  const layers: { [name: string]: NamedLayers[string] } = {};
  for (let i = 1; i <= convolutions; i++) {
    layers[`conv${number}_${i}`] = conv({ features: WIDTHS[number - 1]!, size: 3, padding: 1 });
    if (normalized) layers[`norm${number}_${i}`] = batchNorm();
    layers[`relu${number}_${i}`] = relu();
  }
  return { ...layers, [`pool${number}`]: maxPool() };
}

function head(options: VggOptions): NamedLayers {
  const { numClasses = 1000, dropout: rate = 0.5, head = "dense" } = options;
  requireOneOf("make VGG", "its head", ["dense", "mean", "fc7", false], head);
  return head === "mean"
    ? { pool: globalMeanPool(), drop: dropout(rate), ...classes(numClasses) }
    : denseHead("VGG", { ...options, head });
}

/**
 * {@linkcode vgg} of 16 layers: 138,357,544 parameters for ImageNet.
 *
 * @param options batch normalization, number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 */
export function vgg16(options: Omit<VggOptions, "depth"> = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 16 });
}

/**
 * {@linkcode vgg} of 19 layers: 143,667,240 parameters for ImageNet.
 *
 * @param options batch normalization, number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 */
export function vgg19(options: Omit<VggOptions, "depth"> = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 19 });
}
