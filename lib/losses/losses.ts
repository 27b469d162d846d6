// Loss functions: what training minimizes.
import { meanSoftmaxCrossEntropy } from "../tensor/softmax_cross_entropy.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireClassScores } from "../text/require.ts";

/**
 * The loss of a batch.
 *
 * @param outputs the model's outputs, `[N, …]`
 * @param targets what they should be, of the same shape
 * @returns the mean over the batch, shape `[]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tf, type Loss, type Scalar } from "@neocog/neocog";
 *
 * const meanAbsoluteError: Loss = (outputs, targets) =>
 *   tf.mean(tf.abs(tf.sub(outputs, targets))) as Scalar;
 * await start({ backend: "cpu" });
 * const loss = meanAbsoluteError(tf.tensor2d([[1, 3]]), tf.tensor2d([[1, 1]]));
 * assertEquals(await loss.array(), 1);
 * ```
 */
export type Loss = ((outputs: Tensor, targets: Tensor) => Scalar) & {
  /**
   * How much a batch counts in a mean over several, by its targets, shape `[]`, where that is not by
   * the number of its examples: so that the parts of a batch give the loss of the batch.
   */
  readonly weightOf?: (targets: Tensor) => Scalar;
};

/**
 * Softmax cross-entropy, −Σ t · log softmax(z), the mean over the batch. Softmax
 * and logarithm are taken together, shifted by the largest logit, so that no
 * logit is too large; the gradient is (softmax(z) · Σt − t) / N in one step.
 *
 * @param logits scores before softmax, `[N, classes]`
 * @param targets probabilities of the classes, one-hot or soft, `[N, classes]`
 * @returns the loss, in nats
 * @throws {TypeError} if the shapes differ or are not `[N, classes]` of at least two classes
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { softmaxCrossEntropy, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const loss = softmaxCrossEntropy(tf.tensor2d([[1e4, 0]]), tf.tensor2d([[0, 1]]));
 * assertAlmostEquals(await loss.array(), 1e4);
 * ```
 */
export function softmaxCrossEntropy(logits: Tensor, targets: Tensor): Scalar {
  requireAlike("softmax cross-entropy", logits, targets);
  requireClassScores("take the softmax cross-entropy", logits.shape);
  return meanSoftmaxCrossEntropy(tf.cast(logits, "float32"), tf.cast(targets, "float32"));
}

/**
 * Mean squared error, the mean of (y − t)² over all elements; the loss LeNet-5
 * was trained with (§12.7.2).
 *
 * @param outputs the model's outputs, any shape
 * @param targets what they should be, of the same shape
 * @returns the loss
 * @throws {TypeError} if the shapes differ
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { meanSquaredError, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await meanSquaredError(tf.tensor1d([1, 3]), tf.tensor1d([1, 1])).array(), 2);
 * ```
 */
export function meanSquaredError(outputs: Tensor, targets: Tensor): Scalar {
  requireAlike("mean squared error", outputs, targets);
  return tf.mean(tf.square(tf.sub(outputs, targets))) as Scalar;
}

/**
 * @throws {TypeError} if outputs and targets are of different shapes
 */
export function requireAlike(loss: string, outputs: Tensor, targets: Tensor): void {
  if (`${outputs.shape}` !== `${targets.shape}`) {
    throw new TypeError(
      `Cannot take the ${loss}: outputs and targets must have one shape, got [${outputs.shape}] and [${targets.shape}]${
        outputs.shape.at(-1) === 1 && targets.shape.at(-1) === 2
          ? ". Of a yes or no either output two classes, or give targets 0 and 1 of shape [1] instead of classes"
          : ""
      }`,
    );
  }
}
