// Weights and masks of losses: how much each number counts, if at all.
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * A loss with weights: how much each number, pixel or example counts, 0 or more, of a shape that
 * broadcasts to that of the numbers it is a mean of. A mask is weights of 0 and 1. What weighs
 * nothing may be anything, also NaN: no gradient goes there. Without any weight the loss is 0.
 *
 * @param outputs the model's outputs
 * @param targets what they should be
 * @param weights how much each counts. Default: all the same
 * @returns the weighted mean, shape `[]`
 */
export type WeightedLoss = (outputs: Tensor, targets: Tensor, weights?: Tensor) => Scalar;

/**
 * The mean of numbers, each by its weight.
 *
 * @param each the numbers
 * @throws {TypeError} if the weights do not broadcast to the numbers
 */
export function weightedMean(loss: string, each: Tensor, weights: Tensor | undefined): Scalar {
  if (!weights) return tf.mean(each) as Scalar;
  const spread = spreadWeights(loss, each, weights);
  return tf.div(tf.sum(tf.mul(each, spread)), tf.maximum(tf.sum(spread), 1e-30)) as Scalar;
}

/** The numbers, with zeros in the place of those that weigh nothing. */
export function counted(loss: string, each: Tensor, weights: Tensor | undefined): Tensor {
  const floats = tf.cast(each, "float32");
  if (!weights) return floats;
  const counts = tf.greater(spreadWeights(loss, each, weights), 0);
  return tf.where(counts, floats, tf.zerosLike(floats));
}

/**
 * The weight of each number.
 *
 * @throws {TypeError} if the weights do not broadcast to the numbers
 */
export function spreadWeights(loss: string, each: Tensor, weights: Tensor): Tensor {
  const missing = each.rank - weights.rank;
  const fits = missing >= 0 && weights.shape.every((size, axis) =>
    // Weights of examples `[N]` are of the first axis, as the batch is.
    size === 1 || size === each.shape[axis]
  );
  if (!fits) {
    throw new TypeError(
      `Cannot take the ${loss}: weights must broadcast to [${each.shape}] from the first axis on, got [${weights.shape}]`,
    );
  }
  const shape = [...weights.shape, ...new Array<number>(missing).fill(1)];
  return tf.mul(tf.reshape(tf.cast(weights, "float32"), shape), tf.ones(each.shape));
}
