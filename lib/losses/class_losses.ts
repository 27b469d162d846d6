// Losses of class scores besides cross-entropy.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireAlike } from "./losses.ts";
import { power, requireGamma } from "./unit_losses.ts";
import { counted, type WeightedLoss, weightedMean } from "./weights.ts";
import { requireLossOptions } from "./loss_options.ts";

/** A loss that is a mean over positions of something of their classes. */
function classLoss(name: string, each: (logits: Tensor, targets: Tensor) => Tensor): WeightedLoss {
  return (logits, targets, weights) => {
    requireAlike(name, logits, targets);
    if (logits.rank < 2 || logits.shape.at(-1)! < 2) {
      throw new TypeError(
        `Cannot take the ${name}: logits must be [N, …, classes] of at least two classes, got [${logits.shape}]`,
      );
    }
    const perPosition = (x: Tensor): Tensor =>
      weights ? counted(name, x, positionsOf(weights, x)) : tf.cast(x, "float32");
    return weightedMean(name, each(perPosition(logits), perPosition(targets)), weights);
  };
}

/** Weights of positions as those of their classes. */
function positionsOf(weights: Tensor, x: Tensor): Tensor {
  return weights.rank === x.rank - 1 ? tf.expandDims(weights, -1) : weights;
}

/** Options of {@linkcode focalLoss}. */
export type FocalLossOptions = {
  /** How much less well-classified examples count; 0 is cross-entropy. Default: 2. */
  readonly gamma?: number;
};

/**
 * Focal loss of classes, −Σ t · (1 − p)^γ · log p with p = softmax(z), the mean over positions (Lin,
 * Goyal, Girshick, He and Dollár, 2017): cross-entropy in which easy examples count less.
 *
 * @param options γ (2)
 * @returns the loss of logits and targets `[N, …, classes]`; its third argument is weights or a mask of
 * the positions, `[N, …]`
 * @throws {RangeError} if γ is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.focalLoss();
 * const value = await loss(tf.tensor2d([[0, 0]]), tf.tensor2d([[1, 0]])).array();
 * assertAlmostEquals(value, 0.25 * Math.log(2), 1e-6);
 * ```
 */
export function focalLoss(options: FocalLossOptions = {}): WeightedLoss {
  requireLossOptions("make a focal loss", options, { gamma: true });
  const { gamma = 2 } = options;
  requireGamma("make a focal loss", gamma);
  return classLoss("focal loss", (z, t) => {
    const logs = tf.logSoftmax(z as tf.Tensor2D);
    const missed = tf.sub(1, tf.exp(logs));
    return tf.neg(tf.sum(tf.mul(tf.mul(t, power(missed, gamma)), logs), -1));
  });
}

/**
 * Kullback–Leibler divergence of the targets from the outputs, Σ t · (log t − log softmax(z)), the
 * mean over positions: cross-entropy less the targets' own entropy, which is 0 where both agree.
 *
 * @returns the loss of logits and probabilities `[N, …, classes]`, in nats; its third argument is
 * weights or a mask of the positions, `[N, …]`
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.klDivergence();
 * const value = await loss(tf.tensor2d([[3, 3]]), tf.tensor2d([[0.5, 0.5]])).array();
 * assertAlmostEquals(value, 0, 1e-6);
 * ```
 */
export function klDivergence(): WeightedLoss {
  return classLoss("Kullback-Leibler divergence", (z, t) => {
    // Of a target of 0 the product is 0, whatever the logarithm.
    const own = tf.log(tf.maximum(t, 1e-30));
    return tf.sum(tf.mul(t, tf.sub(own, tf.logSoftmax(z as tf.Tensor2D))), -1);
  });
}
