// What a trained model answers, and how good that is.
import { batches } from "../data/dataset.ts";
import type { Examples } from "../data/examples.ts";
import type { Normalisation } from "../data/normalisation.ts";
import type { Layer } from "../layers/layer.ts";
import { type Loss, softmaxCrossEntropy } from "../losses/losses.ts";
import type { Tensor, Tensor2D } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Confusion, confusionMatrix } from "./metrics.ts";

/** A model's parameters and state. */
export type Weights<P extends Tree, S extends Tree> = { readonly params: P; readonly state: S };

/** Options of {@linkcode evaluate}. */
export type EvaluateOptions = {
  /** Examples at a time. Default: 256, or all where there are fewer. */
  readonly batchSize?: number;
  /** The loss. Default: {@linkcode softmaxCrossEntropy}. */
  readonly loss?: Loss;
  /** How pixels become numbers. Default: as in {@linkcode batches}. */
  readonly normalise?: Normalisation;
  /** Called after each batch with the number of examples that are done. */
  readonly onProgress?: (done: number, total: number) => void;
};

/** How good a model is on some examples. */
export type Evaluation = {
  /** Mean loss. */
  readonly loss: number;
  /** Share of examples whose class is scored highest, 0 to 1. */
  readonly accuracy: number;
  /** Share of examples whose class is among the five scored highest, 0 to 1. */
  readonly top5Accuracy: number;
  /** How many examples there were. */
  readonly count: number;
  /** Which classes were taken for which. */
  readonly confusion: Confusion;
};

/**
 * Measures a model on examples.
 *
 * @param model the model, `[N, …] → logits [N, classes]`
 * @param weights its parameters and state
 * @param examples the examples
 * @param options batch size, loss, normalisation
 * @returns loss, accuracies, confusion matrix
 * @throws {TypeError} where the model does not answer a score for each class
 * @throws {RangeError} where the loss is not a finite number
 * @throws {DeviceError} where the device failed
 */
export async function evaluate<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  weights: Weights<P, S>,
  examples: Examples,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { loss = softmaxCrossEntropy, normalise, onProgress } = options;
  const total = examples.labels.length;
  const batchSize = Math.min(options.batchSize ?? 256, total);
  const classes = examples.classNames.length;
  const predicted = new Uint8Array(total);
  let lossSum = 0;
  let inTop5 = 0;
  let done = 0;
  for await (const batch of batches(examples, { batchSize, ...(normalise ? { normalise } : {}) })) {
    const { logits, mean } = tf.tidy(() => {
      const [y] = model.apply(weights.params, weights.state, batch.images, {});
      return { logits: y as Tensor2D, mean: loss(y, batch.labels) };
    });
    const [scores, batchLoss] = await Promise.all([logits.data(), mean.data()]);
    tf.dispose([logits, mean, batch.images, batch.labels]);
    requireSound(logits.shape, classes, batchLoss[0]!);
    for (let i = 0; i < batch.size; i++) {
      const row = scores.subarray(i * classes, (i + 1) * classes);
      const actual = batch.classes[i]!;
      predicted[done + i] = highest(row);
      if (rankOf(row, actual) < 5) inTop5++;
    }
    lossSum += batchLoss[0]! * batch.size;
    done += batch.size;
    onProgress?.(done, total);
  }
  const correct = predicted.reduce(
    (sum, label, i) => sum + Number(label === examples.labels[i]),
    0,
  );
  return {
    loss: lossSum / total,
    accuracy: correct / total,
    top5Accuracy: inTop5 / total,
    count: total,
    confusion: confusionMatrix(examples.labels, predicted, classes),
  };
}

function requireSound(shape: readonly number[], classes: number, loss: number): void {
  if (shape.length !== 2 || shape[1] !== classes) {
    throw new TypeError(
      `Cannot evaluate as the model must answer [N, ${classes}], a score a class: current value is [${shape}]`,
    );
  }
  if (!Number.isFinite(loss)) {
    throw new RangeError(
      `Cannot evaluate as the loss must be a finite number: current value is ${loss}. After training, a smaller learning rate often helps`,
    );
  }
}

function highest(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/** How many scores are above that of a class; ties count for the class that comes first. */
function rankOf(scores: ArrayLike<number>, index: number): number {
  let above = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! > scores[index]! || (scores[i] === scores[index] && i < index)) above++;
  }
  return above;
}

/**
 * What a model answers, as probabilities.
 *
 * @param model the model, `[N, …] → logits [N, classes]`
 * @param weights its parameters and state
 * @param x a batch of inputs
 * @returns probabilities `[N, classes]`; the caller owns the tensor
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identity, predict, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const probabilities = predict(identity(), { params: {}, state: {} }, tf.tensor2d([[1, 1]]));
 * assertEquals(await probabilities.array(), [[0.5, 0.5]]);
 * ```
 */
export function predict<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  weights: Weights<P, S>,
  x: Tensor,
): Tensor2D {
  return tf.tidy(() =>
    tf.softmax(model.apply(weights.params, weights.state, x, {})[0] as Tensor2D)
  );
}
