// How good a network is on examples.
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import { compileBeside } from "../device/compile_beside.ts";
import { jit } from "../device/jit/jit.ts";
import type { AnyModel, Network } from "../layers/layer.ts";
import { requireLogits } from "../layers/logits.ts";
import type { Tensor, Tensor2D } from "../tensor/tensor.ts";
import { disposeTree, isTensor, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { ALONE, type World } from "../world/world.ts";
import { requireClassScores, requireNetwork, requireOptions } from "../text/require.ts";
import type { Feed, FeedBatch } from "./feed.ts";
import {
  type Losses,
  type Metrics,
  type Objective,
  objectiveOf,
  stackNumbers,
  unstackNumbers,
} from "./objective.ts";
import {
  type AnyExamples,
  countOf,
  hasClasses,
  isLabeled,
  isStream,
  openFeed,
  requireExamples,
} from "./open_feed.ts";
import { gatherPredictions, type Predictions, topAccuracy } from "./predictions.ts";
import { type Confusion, confusionMatrix } from "./metrics.ts";
import { divided, shareOf } from "./shard.ts";
import { predictionsOfAll, totalsOfAll } from "./measured_by_all.ts";
import { addTotals, meansOf } from "./totals.ts";
import { NO_TOTALS, START } from "./training.ts";

/** Options of {@linkcode evaluate}. */
export type EvaluateOptions<Y extends Tree = Tensor, T extends Tree = Tensor> = {
  /** Examples at a time; all if there are fewer. Default: 256. Not for a stream. */
  readonly batchSize?: number;
  /** The loss, as for {@linkcode fit}. Default: {@linkcode softmaxCrossEntropy} of a classifier. */
  readonly loss?: Losses<Y, T>;
  /** What is measured besides, by name, as for {@linkcode fit}. Default: nothing. */
  readonly metrics?: Metrics<Y, T>;
  /** Whether it is a classifier, as for {@linkcode fit}. Default: if the targets are classes. */
  readonly classify?: boolean;
  /** How pixels become numbers. Default: as in {@linkcode batches}. Of labeled images only. */
  readonly normalize?: Normalization;
  /** Batches that are taken of a stream. Default: all that come. */
  readonly steps?: number;
  /** Called after each batch with the number of examples done; `total` is Infinity if it is unknown. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Whether the model is recorded and replayed, see {@linkcode jit}. Default: `true`. */
  readonly jit?: boolean;
  /**
   * The ranks that measure together, see {@linkcode joinWorld}: each a part of the examples, and all
   * get the whole result. Default: this process alone.
   */
  readonly world?: World;
};

/** The names of {@linkcode EvaluateOptions}. */
export const EVALUATE_OPTIONS: Readonly<Record<keyof EvaluateOptions, true>> = {
  batchSize: true,
  loss: true,
  metrics: true,
  classify: true,
  normalize: true,
  steps: true,
  onProgress: true,
  jit: true,
  world: true,
};

/** A network's parameters and state. */
type Variables = { readonly params: Tree; readonly state: Tree };

/** A model's numbers for a batch; of a classifier its outputs too. */
export type Forward = (
  variables: Variables,
  inputs: Tree,
  targets: Tree,
) => { readonly numbers: Tensor; readonly logits: Tensor | null };

/** How good a model is on some examples. */
export type Measures = {
  /** Mean loss. */
  readonly loss: number;
  /** Means of the metrics, by name; absent if there are none. */
  readonly metrics?: { readonly [name: string]: number };
  /** How many examples there were. */
  readonly count: number;
};

/** How good a classifier is on some examples. */
export type Evaluation = Measures & {
  /** Share of examples whose class is scored highest, 0 to 1. */
  readonly accuracy: number;
  /** Share of examples whose class is among the five scored highest, 0 to 1. */
  readonly top5Accuracy: number;
  /** How often the examples' class was scored highest, second, and so on: for {@linkcode topAccuracy}. */
  readonly ranks: readonly number[];
  /** Which classes were taken for which. */
  readonly confusion: Confusion;
  /** The predicted class of each. */
  readonly predictions: Predictions;
};

/**
 * Measures a network on examples: its loss and metrics; of a classifier also accuracies, the
 * confusion matrix and each prediction.
 *
 * @param network the network; a classifier is `[N, …] → logits [N, classes]`
 * @param examples labeled images, in memory or read as they are needed; arrays; or a stream
 * @param options batch size, loss, metrics, normalization
 * @returns loss, metrics; of a classifier accuracies, confusion matrix, predictions
 * @throws {TypeError} if a classifier does not output a score for each class, or there is no loss
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
  options?: EvaluateOptions & { readonly classify?: true },
): Promise<Evaluation>;
/** The same of any network, on any examples. */
export async function evaluate<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
  T extends Tree = Tensor,
>(
  network: Network<P, S, X, Y>,
  examples: AnyExamples,
  options?: EvaluateOptions<Y, T>,
): Promise<Measures & Partial<Evaluation>>;
export async function evaluate(
  network: { readonly model: AnyModel } & Variables,
  examples: AnyExamples,
  // deno-lint-ignore no-explicit-any -- the overloads say which
  options: EvaluateOptions<any, any> = {},
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  requireOptions("evaluate", options, EVALUATE_OPTIONS);
  requireNetwork("evaluate", network);
  requireSameOrder(network, examples);
  const { model, params, state } = network;
  const feed = await openEvaluation("evaluate", examples, options);
  const objective = objectiveOf("evaluate", options.classify ?? hasClasses(examples), options);
  const forward = forwardOf(model, objective);
  const recorded = options.jit === false ? undefined : jit(forward);
  try {
    if (objective.isClassifier) requireLogits("evaluate", model, feed.inputShape);
    return await measure(recorded ?? forward, { params, state }, objective, feed, options);
  } finally {
    recorded?.dispose();
    await feed.close();
  }
}

/** Refuses examples whose classes are the network's in another order: all would count as wrong. */
function requireSameOrder(network: object, examples: AnyExamples): void {
  const { classNames: learned } = network as { readonly classNames?: readonly string[] };
  if (!learned || !isLabeled(examples)) return;
  const names = examples.classNames;
  const other = names.findIndex((name, i) => name !== learned[i]);
  const known = new Set(learned);
  if (other < 0 || names.length !== learned.length || !names.every((one) => known.has(one))) return;
  throw new RangeError(
    `Cannot evaluate: the classes of ${examples.name} must be in the network's order, ${
      learned.slice(0, 4).join(", ")
    }, …, got ${names[other]} in place of ${learned[other]}`,
  );
}

/** The default number of examples at a time. */
const EVALUATED_BATCH = 256;

/** Opens examples to measure a network by. */
export async function openEvaluation(
  action: string,
  examples: AnyExamples,
  { batchSize, normalize, steps, world }: Pick<
    EvaluateOptions,
    "batchSize" | "normalize" | "steps" | "world"
  >,
): Promise<Feed> {
  requireExamples(action, examples);
  const ranks = world?.size ?? 1;
  const size = isStream(examples)
    ? batchSize
    : Math.min((batchSize ?? EVALUATED_BATCH) * ranks, countOf(examples));
  const share = shareOf(world);
  const options = { batchSize: size, stepsPerEpoch: steps, normalize, share };
  return await openFeed(action, divided(action, examples, world), options, START);
}

/** The model and its numbers, without training's behavior. */
export function forwardOf(model: AnyModel, objective: Objective): Forward {
  return ({ params, state }, inputs, targets) =>
    // deno-lint-ignore no-explicit-any -- tidy's types know no null
    tf.tidy((): any => {
      const outputs = model.apply(params, state, inputs, {})[0] as Tree;
      if (objective.isClassifier) requireScores(outputs, targets);
      const measured = objective.measure(outputs, targets);
      const weight = objective.weightOf?.(targets as Tensor);
      // Last, so that it is no metric.
      const own = weight ? { ...measured.metrics, [""]: weight } : measured.metrics;
      const numbers = stackNumbers({ ...measured, metrics: own });
      return { numbers, logits: objective.isClassifier ? outputs as Tensor : null };
    });
}

/** What was found of a batch. */
type BatchNumbers = {
  readonly values: ArrayLike<number>;
  readonly scores: Float32Array | undefined;
  readonly actual: ArrayLike<number> | undefined;
  readonly count: number;
};

/** Measures a function's output for examples. */
export async function measure(
  forward: Forward,
  { params, state }: Variables,
  objective: Objective,
  feed: Feed,
  { onProgress, world = ALONE }: Pick<EvaluateOptions, "onProgress" | "world">,
): Promise<Measures & Partial<Evaluation>> {
  let totals = NO_TOTALS;
  /** The loss of all batches, each by its weight, where they do not count by their examples. */
  const weighed = new Float64Array(2);
  const gathered = objective.isClassifier ? gatherPredictions() : undefined;
  /** Computes a batch, starts to read what was found, and frees it. */
  const found = async (batch: FeedBatch): Promise<BatchNumbers> => {
    const { inputs, targets } = batch;
    let made: ReturnType<Forward> | undefined;
    try {
      // Recorded at first, and computed here on the CPU: no sign of life is made meanwhile.
      made = world.during("compute a batch", () => forward({ params, state }, inputs, targets));
      const { numbers, logits } = made;
      await compileBeside(); // The first read waits for the compiler.
      const [values, scores, actual] = await Promise.all([
        numbers.data(),
        logits?.data() as Promise<Float32Array> | undefined,
        gathered && actualClasses(batch),
      ]);
      return { values, scores, actual, count: batch.part?.count ?? batch.size };
    } finally {
      disposeTree({ ...made, inputs, targets });
    }
  };
  const account = ({ values, scores, actual, count }: BatchNumbers): void => {
    const measured = unstackNumbers(objective, values);
    requireSound(measured);
    gathered?.add(scores!, actual!);
    totals = addTotals(totals, measured, count);
    const weight = values[values.length - 1]!;
    weighed[0]! += weight * measured.loss;
    weighed[1]! += weight;
    onProgress?.(totals.count * world.size, feed.count ?? Infinity);
  };
  // The device computes a batch while the one before is read, which in Deno takes 11 ms in any case.
  let pending: Promise<BatchNumbers> | undefined;
  try {
    for await (const batch of feed.rest(START)) {
      if (batch.part?.count === 0) {
        disposeTree({ inputs: batch.inputs, targets: batch.targets });
        continue;
      }
      const before = pending;
      pending = found(batch);
      pending.catch(() => {}); // A failure is reported when they are awaited.
      if (before) account(await before);
    }
    if (pending) account(await pending);
  } finally {
    await pending?.catch(() => {});
  }
  totals = await totalsOfAll(world, objective, totals);
  const { count } = totals;
  if (count === 0) {
    throw new RangeError(`Cannot evaluate: ${feed.name} must give a batch, got none`);
  }
  await world.allReduce(weighed, "sum");
  const loss = objective.weightOf ? { loss: weighed[0]! / weighed[1]! } : {};
  const means = { ...meansOf(objective, totals), ...loss, count };
  if (!gathered) return means;
  const { ranks, predictions, actual } = await predictionsOfAll(world, feed, gathered.result());
  const confusion = confusionMatrix(actual, predictions.predicted, ranks.length);
  const correct = confusion.counts.reduce((sum, row, i) => sum + row[i]!, 0);
  return {
    ...means,
    accuracy: correct / count,
    top5Accuracy: topAccuracy({ ranks, count }, 5),
    ranks,
    confusion,
    predictions,
  };
}

/** The classes of a batch: those that are known, or those of its one-hot targets. */
async function actualClasses({ classes, targets }: FeedBatch): Promise<ArrayLike<number>> {
  if (classes) return classes;
  const found = tf.tidy(() => tf.argMax(targets as Tensor2D, 1));
  return await found.data().finally(() => found.dispose());
}

/** Refuses outputs of a classifier that are no scores of the targets' classes. */
function requireScores(outputs: Tree, targets: Tree): void {
  if (outputs !== null && isTensor(outputs)) requireClassScores("evaluate", outputs.shape);
  const classes = targets !== null && isTensor(targets) && targets.rank === 2
    ? targets.shape[1]
    : "classes";
  const isScored = outputs !== null && isTensor(outputs) && outputs.rank === 2 &&
    outputs.shape[1] === classes;
  if (isScored) return;
  const found = outputs !== null && isTensor(outputs) ? `[${outputs.shape}]` : "several outputs";
  throw new TypeError(
    `Cannot evaluate: the model must output [N, ${classes}], a score a class, got ${found}. For a network that is no classifier give classify: false and a loss`,
  );
}

function requireSound({ loss }: { readonly loss: number }): void {
  if (Number.isFinite(loss)) return;
  throw new RangeError(
    `Cannot evaluate: the loss must be a finite number, got ${loss}. After training, a smaller learning rate often helps`,
  );
}
