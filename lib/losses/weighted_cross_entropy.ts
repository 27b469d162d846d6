// Softmax cross-entropy with a weight for each class.
import { meanSoftmaxCrossEntropy } from "../tensor/softmax_cross_entropy.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Loss } from "./losses.ts";

/**
 * Softmax cross-entropy with a weight a class, −Σ w · t · log softmax(z) / Σ w · t, the sums
 * over classes and batch: for one-hot targets PyTorch's `CrossEntropyLoss` with `weight`. In soft
 * targets each class is weighted by its share.
 *
 * @param weights one a class, finite and above 0
 * @returns the loss of logits and targets `[N, classes]`, in nats; it throws a `TypeError` if
 * there are not as many classes as weights
 * @throws {RangeError} if there are fewer than two weights, or one is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { start, tf, weightedCrossEntropy } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = weightedCrossEntropy([3, 1]);
 * const logits = tf.tensor2d([[0, 0], [0, 1e4]]);
 * const targets = tf.tensor2d([[1, 0], [0, 1]]);
 * // The first example counts three times as much: 3 · log 2 of 4.
 * assertAlmostEquals(await loss(logits, targets).array(), 0.75 * Math.log(2), 1e-6);
 * ```
 */
export function weightedCrossEntropy(weights: readonly number[]): Loss {
  if (weights.length < 2 || !weights.every((weight) => weight > 0 && weight < Infinity)) {
    throw new RangeError(
      `Cannot weigh classes: each of at least two must have a finite weight above 0, got [${weights}]`,
    );
  }
  const weigh = (targets: Tensor): Tensor =>
    tf.mul(tf.cast(targets, "float32"), tf.tensor1d([...weights]));
  const loss = (logits: Tensor, targets: Tensor): Scalar => {
    requireClasses(weights.length, logits, targets);
    const weighted = weigh(targets);
    const mean = meanSoftmaxCrossEntropy(tf.cast(logits, "float32"), weighted);
    // The mean over examples becomes that over weights.
    return tf.div(tf.mul(mean, logits.shape[0]!), tf.sum(weighted)) as Scalar;
  };
  return Object.assign(loss, { weightOf: (targets: Tensor) => tf.sum(weigh(targets)) as Scalar });
}

function requireClasses(classes: number, logits: Tensor, targets: Tensor): void {
  const fits = [logits, targets].every(({ rank, shape }) => rank === 2 && shape[1] === classes);
  if (fits && logits.shape[0] === targets.shape[0]) return;
  throw new TypeError(
    `Cannot take the weighted cross-entropy: logits and targets must be [N, ${classes}], a class for each weight, got [${logits.shape}] and [${targets.shape}]`,
  );
}
