// The network of explanations.py, whose numbers come from a formula, and what was found of it.
import {
  batchNorm,
  conv,
  dense,
  flatten,
  type Layer,
  maxPool,
  meanPool,
  type Network,
  relu,
  sequential,
  type Tensor,
  tf,
} from "../../mod.ts";
import file from "./explanations.json" with { type: "json" };

/** Which class was explained. */
export const GOLDEN_TARGET = 1;

/** Numbers from -1 to 1, as in explanations.py. */
export function spread(seed: number, shape: readonly number[], scale = 1, level = 0): Tensor {
  const values = Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => {
    const wave = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return level + scale * Math.fround(2 * (wave - Math.floor(wave)) - 1);
  });
  return tf.tensor(values, [...shape], "float32");
}

/** Images of the network. */
export function goldenImages(seed: number, count = 2, scale = 1): Tensor {
  return spread(seed, [count, 10, 11, 2], scale);
}

/**
 * The network, of images of 10 × 11 × 2 and 3 classes.
 *
 * @param scale factor of the last layer's weights
 * @param pool1 the first pooling. Default: max pooling
 */
export function goldenNetwork(scale = 1, pool1: typeof maxPool = maxPool): Network {
  const model = sequential({
    conv1: conv({ features: 4, size: 3, padding: 1 }),
    relu1: relu(),
    pool1: pool1(),
    conv2: conv({ features: 5, size: 3, padding: 1 }),
    norm2: batchNorm(),
    relu2: relu(),
    pool2: meanPool(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  });
  const none = { relu1: {}, pool1: {}, relu2: {}, pool2: {}, flatten: {} };
  return {
    model: model as unknown as Layer,
    params: {
      ...none,
      conv1: { kernel: spread(1, [3, 3, 2, 4], 0.5), bias: spread(2, [4], 0.2) },
      conv2: { kernel: spread(3, [3, 3, 4, 5], 0.4), bias: spread(4, [5], 0.2) },
      norm2: { scale: spread(5, [5], 0.3, 1), shift: spread(6, [5], 0.3) },
      logits: { kernel: spread(9, [20, 3], scale), bias: spread(10, [3], 0.2) },
    },
    state: {
      ...none,
      conv1: {},
      conv2: {},
      norm2: { mean: spread(7, [5], 0.2), variance: spread(8, [5], 0.5, 1) },
      logits: {},
    },
  };
}

const { windows, ...texts } = file;

/** The windows of the infidelity: top, left, height, width. */
export const GOLDEN_WINDOWS = windows as unknown as readonly (readonly [
  top: number,
  left: number,
  height: number,
  width: number,
])[];

/** The numbers that Captum or pytorch-grad-cam found, by name. */
export function goldenNumbers(name: keyof typeof texts): number[] {
  return texts[name].split(" ").map(Number);
}
