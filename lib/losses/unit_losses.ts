// Losses of numbers by themselves: of probabilities of units, and of distances.
import { requirePositive, requireRange } from "../text/require.ts";
import { applyCurve } from "../tensor/curves.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireAlike } from "./losses.ts";
import { counted, type WeightedLoss, weightedMean } from "./weights.ts";
import { requireLossOptions } from "./loss_options.ts";

/** A loss that is a mean of something of each number. */
function unitLoss(name: string, each: (outputs: Tensor, targets: Tensor) => Tensor): WeightedLoss {
  return (outputs, targets, weights) => {
    requireAlike(name, outputs, targets);
    const [y, t] = [counted(name, outputs, weights), counted(name, targets, weights)];
    return weightedMean(name, each(y, t), weights);
  };
}

/** −t · log σ(z) and −(1 − t) · log(1 − σ(z)), without a logarithm of what is nearly nothing. */
function logLosses(z: Tensor, t: Tensor): [ofOnes: Tensor, ofZeros: Tensor] {
  return [
    tf.mul(t, applyCurve(tf.neg(z), "softplus")),
    tf.mul(tf.sub(1, t), applyCurve(z, "softplus")),
  ];
}

/** Options of {@linkcode binaryCrossEntropy}. */
export type BinaryCrossEntropyOptions = {
  /** How much a target of 1 counts beside one of 0. Default: 1. */
  readonly positiveWeight?: number;
};

/**
 * Binary cross-entropy of logits, −w · t · log σ(z) − (1 − t) · log(1 − σ(z)), the mean over all
 * numbers: for units that are on or off by themselves, such as the labels of a picture or the
 * pixels of a mask. PyTorch's `BCEWithLogitsLoss`.
 *
 * @param options weight w of positive targets (1)
 * @returns the loss of logits and targets from 0 to 1 of one shape, in nats; its third argument is
 * weights or a mask
 * @throws {RangeError} if the weight is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.binaryCrossEntropy();
 * const [logits, targets] = [tf.tensor2d([[0, -1e4]]), tf.tensor2d([[1, 0]])];
 * assertAlmostEquals(await loss(logits, targets).array(), Math.log(2) / 2, 1e-6);
 * const mask = tf.tensor2d([[1, 0]]);
 * assertAlmostEquals(await loss(logits, targets, mask).array(), Math.log(2), 1e-6);
 * ```
 */
export function binaryCrossEntropy(options: BinaryCrossEntropyOptions = {}): WeightedLoss {
  requireLossOptions("make a binary cross-entropy", options, { positiveWeight: true });
  const { positiveWeight = 1 } = options;
  requirePositive("make a binary cross-entropy", "its positiveWeight", positiveWeight);
  return unitLoss("binary cross-entropy", (z, t) => {
    const [ones, zeros] = logLosses(z, t);
    return tf.add(positiveWeight === 1 ? ones : tf.mul(ones, positiveWeight), zeros);
  });
}

/** Options of {@linkcode binaryFocalLoss}. */
export type BinaryFocalLossOptions = {
  /** How much less well-classified units count; 0 is cross-entropy. Default: 2. */
  readonly gamma?: number;
  /** Weight of targets of 1, of 0 it is 1 − alpha; `null` for none. Default: 0.25. */
  readonly alpha?: number | null;
};

/**
 * Focal loss of units by themselves, −α · (1 − p)^γ · log p with the probability p of what the target
 * says, the mean over all numbers (Lin, Goyal, Girshick, He and Dollár, 2017): torchvision's
 * `sigmoid_focal_loss`.
 *
 * @param options γ (2), α (0.25)
 * @returns the loss of logits and targets from 0 to 1 of one shape; its third argument is weights or
 * a mask
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.binaryFocalLoss({ gamma: 2, alpha: null });
 * const value = await loss(tf.tensor1d([0]), tf.tensor1d([1])).array();
 * assertAlmostEquals(value, 0.25 * Math.log(2), 1e-6);
 * ```
 */
export function binaryFocalLoss(options: BinaryFocalLossOptions = {}): WeightedLoss {
  requireLossOptions("make a binary focal loss", options, { gamma: true, alpha: true });
  const { gamma = 2, alpha = 0.25 } = options;
  const action = "make a focal loss";
  const isShare = alpha === null || (alpha >= 0 && alpha <= 1);
  requireGamma(action, gamma);
  requireRange(action, "its alpha must be from 0 to 1, or null", isShare, alpha);
  return unitLoss("focal loss", (z, t) => {
    const [ones, zeros] = logLosses(z, t);
    const missed = tf.add(
      tf.mul(t, tf.sigmoid(tf.neg(z))),
      tf.mul(tf.sub(1, t), tf.sigmoid(z)),
    );
    const each = tf.mul(tf.add(ones, zeros), power(missed, gamma));
    if (alpha === null) return each;
    return tf.mul(each, tf.add(tf.mul(t, alpha), tf.mul(tf.sub(1, t), 1 - alpha)));
  });
}

/**
 * @throws {RangeError} if the exponent of a focal loss is out of range
 */
export function requireGamma(action: string, gamma: number): void {
  const holds = gamma >= 0 && gamma < Infinity;
  requireRange(action, "its gamma must be finite and at least 0", holds, gamma);
}

/** A probability to a power; of one that is nearly 0, the slope is finite also below a power of 1. */
export function power(share: Tensor, gamma: number): Tensor {
  return gamma === 0 ? tf.onesLike(share) : tf.pow(tf.maximum(share, 1e-7), gamma);
}

/** Options of {@linkcode huber}. */
export type HuberOptions = {
  /** The distance up to which the loss is a square. Default: 1. */
  readonly delta?: number;
};

/**
 * Huber loss, ½ e² of errors up to δ and δ (|e| − ½ δ) beyond, the mean over all numbers (Huber,
 * 1964); PyTorch's `HuberLoss`, and with δ = 1 its `SmoothL1Loss`.
 *
 * @param options δ (1)
 * @returns the loss of outputs and targets of one shape; its third argument is weights or a mask
 * @throws {RangeError} if δ is not above 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.huber();
 * assertEquals(await loss(tf.tensor1d([1, 4]), tf.tensor1d([0, 0])).array(), (0.5 + 3.5) / 2);
 * ```
 */
export function huber(options: HuberOptions = {}): WeightedLoss {
  requireLossOptions("make a Huber loss", options, { delta: true });
  const { delta = 1 } = options;
  requirePositive("make a Huber loss", "its delta", delta);
  return unitLoss("Huber loss", (y, t) => {
    const distance = magnitude(tf.sub(y, t));
    const near = tf.minimum(distance, delta);
    return tf.add(tf.mul(tf.square(near), 0.5), tf.mul(tf.sub(distance, near), delta));
  });
}

/**
 * Mean absolute error, the mean of |y − t| over all numbers, or L1 loss.
 *
 * @returns the loss of outputs and targets of one shape; its third argument is weights or a mask
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.meanAbsoluteError();
 * assertEquals(await loss(tf.tensor1d([1, -4]), tf.tensor1d([0, 0])).array(), 2.5);
 * ```
 */
export function meanAbsoluteError(): WeightedLoss {
  return unitLoss("mean absolute error", (y, t) => magnitude(tf.sub(y, t)));
}

/** |e|; not tf.abs, whose slope at zero is −1. */
function magnitude(e: Tensor): Tensor {
  return tf.mul(e, tf.sign(e));
}
