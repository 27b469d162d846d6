// Losses of attacks that adapt themselves: cross-entropy, and the difference of logits ratio.
import { meanSoftmaxCrossEntropy } from "../../tensor/softmax_cross_entropy.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";

/** What is maximized for the label: cross-entropy, or the difference of logits ratio. */
export type AttackLoss = "cross-entropy" | "dlr";

/** The losses by name. */
export const ATTACK_LOSSES: readonly AttackLoss[] = ["cross-entropy", "dlr"];

/** Against 0 / 0, as in AutoAttack. */
const LEAST = 1e-12;

/** More than the difference of any logits. */
const FAR = 1e6;

/** Softmax cross-entropy summed over the batch, so that the gradient of each image is its own. */
export function crossEntropySum(logits: Tensor, goals: Tensor): Scalar {
  return tf.mul(meanSoftmaxCrossEntropy(logits, goals), logits.shape[0]!) as Scalar;
}

/** Of each row the logits where `which` is one. */
function chosen(logits: Tensor, which: Tensor): Tensor {
  return tf.sum(tf.mul(logits, which), 1, true);
}

/** The `count` largest of each row, from the largest, equal ones each, as sorting has them. */
function largest(logits: Tensor, count: number): Tensor[] {
  const found: Tensor[] = [];
  let rest = logits;
  for (let i = 0; i < count; i++) {
    const place = tf.cast(tf.oneHot(tf.argMax(rest, 1), logits.shape[1]!), "float32");
    found.push(chosen(logits, place));
    rest = tf.sub(rest, tf.mul(place, FAR));
  }
  return found;
}

/**
 * The difference of logits ratio, summed over the batch: −(z_y − max of the others) / (z_1 − z_3)
 * with z_1 ≥ z_2 ≥ z_3 … the sorted logits; to reach a target t from the label y, its negative is
 * to fall: (z_y − z_t) / (z_1 − (z_3 + z_4) / 2).
 *
 * @param labels one-hot `[N, classes]`
 * @param targets one-hot, of what is to be reached, if it is
 */
export function logitsRatioSum(logits: Tensor, labels: Tensor, targets?: Tensor): Scalar {
  const sorted = largest(logits, targets ? 4 : 3);
  const low = targets ? tf.mul(tf.add(sorted[2]!, sorted[3]!), 0.5) : sorted[2]!;
  const range = tf.add(tf.sub(sorted[0]!, low), LEAST);
  const other = targets
    ? chosen(logits, targets)
    : tf.max(tf.sub(logits, tf.mul(labels, FAR)), 1, true);
  return tf.sum(tf.div(tf.sub(other, chosen(logits, labels)), range)) as Scalar;
}

/** Of one image's logits: the loss that grows as the label is left, or the target reached. */
export function attackLoss(
  loss: AttackLoss,
  logits: Float32Array,
  label: number,
  target?: number,
): number {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  if (loss === "cross-entropy") {
    const sum = logits.reduce((sum, z) => sum + Math.exp(z - most), 0);
    const entropy = Math.log(sum) + most - logits[target ?? label]!;
    return target === undefined ? entropy : -entropy;
  }
  const sorted = logits.toSorted((a, b) => b - a);
  const low = target === undefined ? sorted[2]! : (sorted[2]! + sorted[3]!) / 2;
  return (otherLogit(logits, label, target) - logits[label]!) / (sorted[0]! - low + LEAST);
}

/** The target's logit, or the largest besides the label's. */
export function otherLogit(logits: Float32Array, label: number, target?: number): number {
  if (target !== undefined) return logits[target]!;
  return logits.reduce((most, z, i) => i === label ? most : Math.max(most, z), -Infinity);
}
