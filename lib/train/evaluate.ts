// How good a network is on examples, and its output as probabilities.
import { batches } from "../data/dataset.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import { jit, jitFor } from "../device/jit/jit.ts";
import type { Layer, Network } from "../layers/layer.ts";
import { type Loss, softmaxCrossEntropy } from "../losses/losses.ts";
import type { Scalar, Tensor, Tensor2D } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireClassScores } from "../text/require.ts";
import { addPrediction, noPredictions, type Predictions, topAccuracy } from "./predictions.ts";
import { type Confusion, confusionMatrix } from "./metrics.ts";

/** Options of {@linkcode evaluate}. */
export type EvaluateOptions = {
  /** Examples at a time. Default: 256, or all if there are fewer. */
  readonly batchSize?: number;
  /** The loss. Default: {@linkcode softmaxCrossEntropy}. */
  readonly loss?: Loss;
  /** How pixels become numbers. Default: as in {@linkcode batches}. */
  readonly normalize?: Normalization;
  /** Called after each batch with the number of examples done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Whether the model is recorded and replayed, see {@linkcode jit}. Default: `true`. */
  readonly jit?: boolean;
};

/** A network's parameters and state. */
type Variables<P extends Tree, S extends Tree> = Pick<Network<P, S>, "params" | "state">;

/** A model's output for a batch, and its loss. */
export type Forward<P extends Tree, S extends Tree> = (
  variables: Variables<P, S>,
  images: Tensor,
  labels: Tensor2D,
) => { readonly logits: Tensor2D; readonly mean: Scalar };

/** How good a model is on some examples. */
export type Evaluation = {
  /** Mean loss. */
  readonly loss: number;
  /** Share of examples whose class is scored highest, 0 to 1. */
  readonly accuracy: number;
  /** Share of examples whose class is among the five scored highest, 0 to 1. */
  readonly top5Accuracy: number;
  /** How often the examples' class was scored highest, second, and so on: for {@linkcode topAccuracy}. */
  readonly ranks: readonly number[];
  /** How many examples there were. */
  readonly count: number;
  /** Which classes were taken for which. */
  readonly confusion: Confusion;
  /** The predicted class of each. */
  readonly predictions: Predictions;
};

/**
 * Measures a network on examples.
 *
 * @param network the network, `[N, …] → logits [N, classes]`
 * @param examples the examples, in memory or read as they are needed
 * @param options batch size, loss, normalization
 * @returns loss, accuracies, confusion matrix, predictions
 * @throws {TypeError} if the network does not output a score for each class
 * @throws {RangeError} if the loss is not a finite number
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { evaluate, flatten, init, key, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "pairs of pixels",
 *   images: new Uint8Array([0, 255, 255, 0]),
 *   labels: new Uint8Array([1, 1]),
 *   imageShape: [1, 1, 2],
 *   classNames: ["left", "right"],
 * } as const;
 * // Its scores are the pixels themselves.
 * const { accuracy } = await evaluate(init(flatten(), key(0), [1, 1, 2]), examples);
 * assertEquals(accuracy, 0.5);
 * ```
 */
export async function evaluate<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples | ImageSource,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const forward = forwardOf(network.model, options.loss);
  if (options.jit === false) return await measure(forward, network, examples, options);
  const recorded = jit(forward);
  try {
    return await measure(recorded, network, examples, options);
  } finally {
    recorded.dispose();
  }
}

/** The model and its loss, without training's behavior. */
export function forwardOf<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  loss: Loss = softmaxCrossEntropy,
): Forward<P, S> {
  return ({ params, state }, images, labels) =>
    tf.tidy(() => {
      const logits = model.apply(params, state, images, {})[0] as Tensor2D;
      return { logits, mean: loss(logits, labels) };
    });
}

/** Measures a function's output for examples. */
export async function measure<P extends Tree, S extends Tree>(
  forward: Forward<P, S>,
  { params, state }: Variables<P, S>,
  examples: Examples | ImageSource,
  options: Omit<EvaluateOptions, "loss" | "jit">,
): Promise<Evaluation> {
  const { normalize, onProgress } = options;
  const count = examples.labels.length;
  const batchSize = Math.min(options.batchSize ?? 256, count);
  const classes = examples.classNames.length;
  const { ranks, ...predictions } = noPredictions(count, classes);
  let lossSum = 0;
  let done = 0;
  for await (const batch of batches(examples, { batchSize, ...(normalize ? { normalize } : {}) })) {
    const { logits, mean } = forward({ params, state }, batch.images, batch.labels);
    const [scores, batchLoss] = await Promise.all([logits.data(), mean.data()]);
    tf.dispose([logits, mean, batch.images, batch.labels]);
    requireSound(logits.shape, classes, batchLoss[0]!);
    for (let i = 0; i < batch.size; i++) {
      const row = scores.subarray(i * classes, (i + 1) * classes);
      addPrediction({ ranks, ...predictions }, done + i, row, batch.classes[i]!);
    }
    lossSum += batchLoss[0]! * batch.size;
    done += batch.size;
    onProgress?.(done, count);
  }
  const confusion = confusionMatrix(examples.labels, predictions.predicted, classes);
  const correct = confusion.counts.reduce((sum, row, i) => sum + row[i]!, 0);
  return {
    loss: lossSum / count,
    accuracy: correct / count,
    top5Accuracy: topAccuracy({ ranks, count }, 5),
    ranks,
    count,
    confusion,
    predictions,
  };
}

function requireSound(shape: readonly number[], classes: number, loss: number): void {
  requireClassScores("evaluate", shape);
  if (shape[1] !== classes) {
    throw new TypeError(
      `Cannot evaluate: the model must output [N, ${classes}], a score a class, got [${shape}]`,
    );
  }
  if (!Number.isFinite(loss)) {
    throw new RangeError(
      `Cannot evaluate: the loss must be a finite number, got ${loss}. After training, a smaller learning rate often helps`,
    );
  }
}

/**
 * A network's output as probabilities.
 *
 * @param network the network, `[N, …] → logits [N, classes]`
 * @param x a batch of inputs
 * @param options `jit: false` calls the model anew each time, instead of replaying what it did with inputs of this shape, see {@linkcode jit}
 * @returns probabilities `[N, classes]`; the caller owns the tensor
 * @throws {TypeError} if the network does not take such inputs, or does not output a score for each
 * of at least two classes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identity, init, key, predict, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const probabilities = predict(init(identity(), key(0), [2]), tf.tensor2d([[1, 1]]));
 * assertEquals(await probabilities.array(), [[0.5, 0.5]]);
 * ```
 */
export function predict<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  options: { readonly jit?: boolean } = {},
): Tensor2D {
  const { model, params, state } = network;
  const make = (): Predictor => (variables, input) =>
    tf.tidy(() => {
      const [logits] = model.apply(variables.params as P, variables.state as S, input, {});
      requireClassScores("predict", logits.shape);
      return tf.softmax(logits as Tensor2D);
    });
  const probabilities = options.jit === false ? make() : jitFor(model, make);
  return probabilities({ params, state }, x);
}

type Predictor = (variables: Variables<Tree, Tree>, x: Tensor) => Tensor2D;
