// Losses of vectors that stand for examples: angles, pairs and triplets.
import { requirePositive } from "../text/require.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireAlike } from "./losses.ts";
import { counted, type WeightedLoss, weightedMean } from "./weights.ts";
import { requireLossOptions } from "./loss_options.ts";

/** Euclidean distance along the last axis, with a finite slope where there is none. */
function distance(a: Tensor, b: Tensor): Tensor {
  return tf.sqrt(tf.maximum(tf.sum(tf.square(tf.sub(a, b)), -1), 1e-12));
}

/** Vectors, with zeros for those that weigh nothing. */
function vectors(name: string, x: Tensor, weights: Tensor | undefined): Tensor {
  return weights && weights.rank === x.rank - 1
    ? counted(name, x, tf.expandDims(weights, -1))
    : counted(name, x, weights);
}

function requireVectors(name: string, x: Tensor): void {
  if (x.rank >= 1) return;
  throw new TypeError(`Cannot take the ${name}: it must be of vectors, got [${x.shape}]`);
}

/**
 * Cosine distance, 1 − y · t / (|y| |t|) along the last axis, the mean over all vectors: 0 of vectors of
 * one direction, 2 of opposite ones.
 *
 * @returns the loss of outputs and targets `[N, …, features]`; its third argument is weights or a mask of
 * the vectors
 * @throws {TypeError} by the loss, if outputs and targets are not of one shape, or no vectors
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.cosineDistance();
 * const value = await loss(tf.tensor2d([[1, 0]]), tf.tensor2d([[0, 3]])).array();
 * assertAlmostEquals(value, 1, 1e-6);
 * ```
 */
export function cosineDistance(): WeightedLoss {
  const name = "cosine distance";
  const length = (x: Tensor): Tensor => tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1), 1e-16)); // 1e-8, as in PyTorch.
  return (outputs, targets, weights) => {
    requireAlike(name, outputs, targets);
    requireVectors(name, outputs);
    const [y, t] = [vectors(name, outputs, weights), vectors(name, targets, weights)];
    const cosine = tf.div(tf.sum(tf.mul(y, t), -1), tf.mul(length(y), length(t)));
    return weightedMean(name, tf.sub(1, cosine), weights);
  };
}

/** Options of {@linkcode tripletLoss} and {@linkcode contrastiveLoss}. */
export type MarginOptions = {
  /** How far apart vectors of different classes should be. Default: 1. */
  readonly margin?: number;
};

/**
 * A loss of triplets.
 *
 * @param anchors vectors `[N, …, features]`
 * @param positives vectors of the anchors' classes
 * @param negatives vectors of other classes
 * @param weights how much each triplet counts, `[N, …]`. Default: all the same
 * @returns the mean, shape `[]`
 */
export type TripletLoss = (
  anchors: Tensor,
  positives: Tensor,
  negatives: Tensor,
  weights?: Tensor,
) => Scalar;

/**
 * Triplet loss, max(0, |a − p| − |a − n| + margin), the mean over all triplets (Schroff, Kalenichenko
 * and Philbin, "FaceNet", 2015).
 *
 * @param options margin (1)
 * @returns the loss of anchors, positives and negatives
 * @throws {RangeError} if the margin is not above 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.tripletLoss({ margin: 0.5 });
 * const [anchor, near, far] = [[0, 0], [3, 4], [0, 5]].map((vector) => tf.tensor2d([vector]));
 * assertAlmostEquals(await loss(anchor!, near!, far!).array(), 0.5, 1e-6);
 * ```
 */
export function tripletLoss(options: MarginOptions = {}): TripletLoss {
  requireLossOptions("make a triplet loss", options, { margin: true });
  const { margin = 1 } = options;
  requirePositive("make a triplet loss", "its margin", margin);
  const name = "triplet loss";
  return (anchors, positives, negatives, weights) => {
    requireAlike(name, anchors, positives);
    requireAlike(name, anchors, negatives);
    requireVectors(name, anchors);
    const [a, p, n] = [anchors, positives, negatives].map((x) => vectors(name, x, weights));
    const each = tf.relu(tf.add(tf.sub(distance(a!, p!), distance(a!, n!)), margin));
    return weightedMean(name, each, weights);
  };
}

/**
 * A loss of pairs.
 *
 * @param first vectors `[N, …, features]`
 * @param second vectors of the same shape
 * @param same 1 where both are of one class, else 0, `[N, …]`
 * @param weights how much each pair counts, `[N, …]`. Default: all the same
 * @returns the mean, shape `[]`
 */
export type ContrastiveLoss = (
  first: Tensor,
  second: Tensor,
  same: Tensor,
  weights?: Tensor,
) => Scalar;

/**
 * Contrastive loss of pairs at distance d, d² of one class and max(0, margin − d)² of two, the mean over
 * all pairs (Hadsell, Chopra and LeCun, 2006, who take half of it).
 *
 * @param options margin (1)
 * @returns the loss of two lists of vectors, and which pairs are of one class
 * @throws {RangeError} if the margin is not above 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = losses.contrastiveLoss({ margin: 6 });
 * const [first, second] = [tf.zeros([2, 2]), tf.tensor2d([[3, 4], [3, 4]])];
 * const value = await loss(first, second, tf.tensor1d([1, 0])).array();
 * assertAlmostEquals(value, (25 + 1) / 2, 1e-4);
 * ```
 */
export function contrastiveLoss(options: MarginOptions = {}): ContrastiveLoss {
  requireLossOptions("make a contrastive loss", options, { margin: true });
  const { margin = 1 } = options;
  requirePositive("make a contrastive loss", "its margin", margin);
  const name = "contrastive loss";
  return (first, second, same, weights) => {
    requireAlike(name, first, second);
    requireVectors(name, first);
    if (`${same.shape}` !== `${first.shape.slice(0, -1)}`) {
      throw new TypeError(
        `Cannot take the ${name}: of each pair it must be known whether both are the same, [${
          first.shape.slice(0, -1)
        }], got [${same.shape}]`,
      );
    }
    const d = distance(vectors(name, first, weights), vectors(name, second, weights));
    const alike = counted(name, same, weights);
    const apart = tf.square(tf.relu(tf.sub(margin, d)));
    const each = tf.add(tf.mul(alike, tf.square(d)), tf.mul(tf.sub(1, alike), apart));
    return weightedMean(name, each, weights);
  };
}
