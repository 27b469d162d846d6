// ConvNeXt. Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, "A ConvNet for the 2020s", 2022, §2,
// Figure 4 and Appendix A. https://arxiv.org/abs/2201.03545
import { gelu } from "../layers/activations.ts";
import { conv } from "../layers/conv.ts";
import { defineLayer } from "../layers/define_layer.ts";
import { dense } from "../layers/dense.ts";
import { layerNorm } from "../layers/example_norm.ts";
import type { AnyLayer, Empty, Layer } from "../layers/layer.ts";
import { stochasticDepth } from "../layers/noise.ts";
import { residual } from "../layers/parallel.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { scaledNormal } from "../layers/initializers.ts";
import { costOfEach } from "../layers/cost.ts";
import { derived } from "../layers/operation.ts";
import { requireFeatures } from "../layers/window.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode convnext}. */
export type ConvNextOptions = {
  /** Blocks of each stage. Default: `[3, 3, 9, 3]`, ConvNeXt-T. */
  readonly blocks?: readonly number[];
  /** Channels of each stage. Default: `[96, 192, 384, 768]`. */
  readonly features?: readonly number[];
  /** Rate at which an example skips the last block in training; the others' rise to it. Default: 0.1. */
  readonly dropRate?: number;
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

const EPSILON = 1e-6;

/** First values of filters: the paper's are normal of this deviation, cut at two, which is rare. */
const INITIALIZER = scaledNormal(0.02);

/** Where the scales of blocks begin. */
const FIRST_SCALE = 1e-6;

/**
 * ConvNeXt-T: a ResNet made as transformers are: a 4 × 4 convolution that cuts the image into
 * patches, blocks of a 7 × 7 convolution of each channel by itself, a layer normalization and two 1 × 1
 * convolutions with GELU between, and layer normalizations before the 2 × 2 convolutions that halve
 * the size. 28,589,128 parameters.
 *
 * @param options blocks and channels of the stages, rate of skipped blocks; number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 768]` without head;
 * made for `[224, 224, 3]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, findModel } from "@neocog/neocog";
 *
 * const model = findModel("convnext-tiny").build();
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 28589128);
 * ```
 */
export function convnext(options: ConvNextOptions = {}): Layer {
  requireModelOptions("make a ConvNeXt", options, {
    blocks: true,
    features: true,
    dropRate: true,
    numClasses: true,
    head: true,
  });
  const { blocks = [3, 3, 9, 3], features = [96, 192, 384, 768], dropRate = 0.1 } = options;
  const { numClasses = 1000, head = true } = options;
  const initializer = INITIALIZER;
  const layers: { [name: string]: AnyLayer } = {
    patches: conv({ features: features[0]!, size: 4, stride: 4, initializer }),
    norm: layerNorm({ epsilon: EPSILON }),
  };
  const last = blocks.reduce((sum, count) => sum + count, 0) - 1;
  let number = 0;
  for (const [i, count] of blocks.entries()) {
    const channels = features[i]!;
    if (i > 0) {
      layers[`down${i}`] = sequential({
        norm: layerNorm({ epsilon: EPSILON }),
        conv: conv({ features: channels, size: 2, stride: 2, initializer }),
      });
    }
    const stage: { [name: string]: AnyLayer } = {};
    for (let j = 1; j <= count; j++) {
      stage[`block${j}`] = block(channels, dropRate * number++ / Math.max(1, last));
    }
    layers[`stage${i + 1}`] = sequential(stage);
  }
  layers.pool = globalMeanPool();
  layers.headNorm = layerNorm({ epsilon: EPSILON });
  if (head) layers.logits = dense({ features: numClasses, initializer });
  return sequential(layers) as Layer;
}

/** Figure 4, on the right. */
function block(features: number, dropRate: number): Layer {
  const initializer = INITIALIZER;
  const layers: { [name: string]: AnyLayer } = {
    depthwise: conv({ features, size: 7, padding: 3, groups: features, initializer }),
    norm: layerNorm({ epsilon: EPSILON }),
    expand: conv({ features: 4 * features, size: 1, initializer }),
    gelu: gelu(),
    project: conv({ features, size: 1, initializer }),
    scale: layerScale(),
  };
  if (dropRate > 0) layers.drop = stochasticDepth(dropRate);
  return residual(sequential(layers) as Layer) as Layer;
}

/** A learned factor of each channel (Touvron et al., "Going deeper with image transformers", 2021, §2). */
function layerScale(): Layer<{ readonly layerScale: Tensor }, Empty> {
  return defineLayer<{ readonly layerScale: Tensor }, Empty>({
    op: "layerScale",
    declare(shape) {
      requireFeatures("layerScale", shape);
      const initializer = (_: unknown, [n]: readonly number[]): Float32Array =>
        new Float32Array(n!).fill(FIRST_SCALE);
      return {
        shape,
        params: { layerScale: { shape: shape.slice(-1), initializer } },
        state: {},
        cost: costOfEach(shape, 1),
      };
    },
    apply: ({ layerScale }, state, x) => [tf.mul(x, layerScale), state],
    operations({ add, x, shape, weight }) {
      const sizes = [...shape.slice(1).map(() => 1), shape.at(-1)!];
      const value = derived(sizes, [weight("layerScale")], ([own]) => own!);
      return add({ op: "constant", by: "mul", value, isFirst: false }, shape, x);
    },
  });
}
