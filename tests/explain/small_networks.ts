// Small networks, images for them, and all methods of attribution by name.
import {
  type Attribution,
  deepLift,
  gradCam,
  guidedGradCam,
  inputTimesGradient,
  integratedGradients,
  layerwiseRelevance,
  occlusion,
  saliency,
  smoothGrad,
  type Target,
} from "../../lib/explain/mod.ts";
import {
  conv,
  dense,
  flatten,
  init,
  key,
  type Layer,
  maxPool,
  type Network,
  relu,
  sequential,
  type Tensor,
  tf,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";

/** Scores of 2 classes, each the sum of the numbers times its weights. */
export function linear(shape: readonly [number, number, number], weights: number[][]): Network {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 2, bias: false }) });
  const kernel = tf.tensor2d(weights.flat(), [shape[0] * shape[1] * shape[2], 2]);
  return {
    model: model as Layer,
    params: { flatten: {}, logits: { kernel } },
    state: { flatten: {}, logits: {} },
  };
}

/** A small ConvNet with random weights, for images of 12 × 12 × 2, 3 classes. */
export function small(): Network {
  const model = sequential({
    conv1: conv({ features: 4, size: 3, padding: "same" }),
    relu1: relu(),
    pool1: maxPool(),
    conv2: conv({ features: 5, size: 3, padding: "same" }),
    relu2: relu(),
    pool2: maxPool(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  });
  const { params, state } = init(model, key(1), [12, 12, 2]);
  return { model: model as Layer, params, state };
}

export function images(count = 1, seed = 5): Tensor {
  return tf.tensor(normalArray(key(seed), count * 288), [count, 12, 12, 2]);
}

export const sum = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0);

export const METHODS: Readonly<
  Record<
    string,
    (network: Network, x: Tensor, target: Target, options?: object) => Promise<Attribution>
  >
> = {
  saliency,
  inputTimesGradient,
  smoothGrad: (network, x, target, options) =>
    smoothGrad(network, x, target, { samples: 3, ...options }),
  integratedGradients: (network, x, target, options) =>
    integratedGradients(network, x, target, { steps: 4, ...options }),
  gradCam,
  guidedGradCam,
  deepLift,
  layerwiseRelevance,
  occlusion,
};
