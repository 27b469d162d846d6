// The training loop: epochs over examples, as an async generator.
import { type Batch, batches } from "../data/dataset.ts";
import type { Examples } from "../data/examples.ts";
import type { Normalisation } from "../data/normalisation.ts";
import type { Layer } from "../layers/layer.ts";
import type { Loss } from "../losses/losses.ts";
import { adam } from "../optimizers/adam.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { fold, type Key, key as keyOf } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaves, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type AuxiliaryLosses, auxiliaryLossesOf } from "./auxiliary_losses.ts";
import { type EvaluateOptions, measure } from "./evaluate.ts";
import { requireSameTrainable, type Trainable } from "./trainable.ts";
import { type Step, type TrainingFunctions, trainingFunctions } from "./training_functions.ts";
import { beginTraining, disposeTraining, NO_TOTALS, type Training } from "./training.ts";

/** Options of {@linkcode fit}. */
export type FitOptions<P extends Tree = Tree, S extends Tree = Tree> = {
  /** Passes over the examples, from 1; in all, those of `from` included. Default: 1. */
  readonly epochs?: number;
  /** Examples a step, from 1 to all. Default: 128, or all where there are fewer. */
  readonly batchSize?: number;
  /** The optimiser. Default: {@linkcode adam}. */
  readonly optimizer?: Optimizer;
  /** The loss. Default: {@linkcode softmaxCrossEntropy}. */
  readonly loss?: Loss;
  /** What losses of other layers' outputs are added, as for {@linkcode trainStep}. Default: the model's own. */
  readonly auxiliaryLosses?: AuxiliaryLosses;
  /**
   * Which parameters are trained, as for {@linkcode trainStep}; of a run that is gone on with,
   * those that were. Default: all.
   */
  readonly trainable?: Trainable;
  /** How pixels become numbers. Default: as in {@linkcode batches}. */
  readonly normalise?: Normalisation;
  /** The source of parameters, order and dropped units. Default: `key(0)`. */
  readonly key?: Key;
  /** Examples to measure the model by after every epoch. */
  readonly validation?: Examples;
  /** A run to go on with, which `fit` takes over; its key is used. Default: a new one. */
  readonly from?: Training<P, S>;
  /** Ends the run after the step under way. */
  readonly signal?: AbortSignal;
  /** Called when a step's numbers are known, one step late so that nothing waits for the GPU. */
  readonly onStep?: (report: StepReport) => void;
  /** Whether steps are recorded and replayed, see {@linkcode jit}. Default: `true`. */
  readonly jit?: boolean;
};

/** A step's numbers. */
export type StepReport = {
  /** The epoch under way, from 1. */
  readonly epoch: number;
  /** The step in this epoch, from 1. */
  readonly stepInEpoch: number;
  /** Steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** The step in all, from 1. */
  readonly step: number;
  /** Loss of the batch. */
  readonly loss: number;
  /** Mean loss of the epoch so far. */
  readonly meanLoss: number;
  /** Share of right answers of the epoch so far, 0 to 1. */
  readonly accuracy: number;
};

/** An epoch's numbers. */
export type EpochReport<P extends Tree = Tree, S extends Tree = Tree> = {
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Whether all its steps were done; not so where the signal ended it. */
  readonly complete: boolean;
  /** Mean loss over its examples, each before the step it was part of. */
  readonly loss: number;
  /** Share of right answers over its examples, likewise. */
  readonly accuracy: number;
  /** Loss on the validation examples, after the epoch. */
  readonly valLoss?: number;
  /** Share of right answers on the validation examples, after the epoch. */
  readonly valAccuracy?: number;
  /** Time the epoch's steps and validation took here. */
  readonly seconds: number;
  /** The run as it stands. Its tensors are good until the loop goes on; after the last epoch they are the caller's. */
  readonly training: Training<P, S>;
};

/**
 * Trains a model, an epoch at a time: `for await (const epoch of fit(…))`. The
 * same key, examples and options give the same numbers on the same adapter, also
 * where the run was interrupted and taken up again with `from`.
 *
 * @param model the model, `[N, H, W, C] → logits [N, classes]`
 * @param examples what to train on
 * @param options epochs, batch size, optimiser, loss, validation, where to go on
 * @returns reports of the epochs; the last one's `training` holds the trained parameters
 * @throws {TypeError | RangeError} where the model cannot take such images or has no layer whose loss is to be added
 * @throws {RangeError} where an option is out of range, `from` trained other parameters, or the loss is no longer a number (the step is named)
 * @throws {DeviceError} where the device failed
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { dense, fit, flatten, sequential, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2 }) });
 * const losses = [];
 * for await (const epoch of fit(model, examples, { epochs: 3 })) losses.push(epoch.loss);
 * assert(losses[2]! < losses[0]!);
 * ```
 */
export async function* fit<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  examples: Examples,
  options: FitOptions<P, S> = {},
): AsyncGenerator<EpochReport<P, S>, void, void> {
  const { epochs = 1 } = options;
  if (!Number.isInteger(epochs) || epochs < 1) {
    throw new RangeError(
      `Cannot fit as the epochs must be a whole number of at least 1: current value is ${epochs}`,
    );
  }
  auxiliaryLossesOf(model, examples.imageShape, options.auxiliaryLosses); // Refuses unknown paths.
  const functions = trainingFunctions(model, { ...options, optimizer: optimizerOf(options) });
  try {
    yield* runEpochs(functions, model, examples, options);
  } finally {
    functions.dispose();
  }
}

async function* runEpochs<P extends Tree, S extends Tree>(
  { step, forward }: TrainingFunctions<P, S>,
  model: Layer<P, S>,
  examples: Examples,
  options: FitOptions<P, S>,
): AsyncGenerator<EpochReport<P, S>, void, void> {
  const { epochs = 1 } = options;
  let training = options.from ??
    beginTraining(
      model,
      optimizerOf(options),
      options.key ?? keyOf(0),
      examples.imageShape,
      options,
    );
  requireSameTrainable(training.params, training.trainable, options.trainable);
  requirePlace(training, examples, options);
  while (training.progress.epoch < epochs) {
    const began = performance.now();
    const epoch = training.progress.epoch + 1;
    training = await runEpoch(step, training, examples, options);
    const { stepInEpoch, totals } = training.progress;
    const complete = stepInEpoch === stepsPerEpoch(examples, options);
    if (complete) training = { ...training, progress: nextEpoch(training.progress) };
    const validated = complete && options.validation
      ? await measure(forward, training, options.validation, measureOptions(options))
      : undefined;
    yield {
      epoch,
      complete,
      loss: totals.loss / totals.count,
      accuracy: totals.correct / totals.count,
      ...(validated ? { valLoss: validated.loss, valAccuracy: validated.accuracy } : {}),
      seconds: (performance.now() - began) / 1000,
      training,
    };
    if (options.signal?.aborted) return;
  }
}

function optimizerOf({ optimizer = adam() }: Pick<FitOptions, "optimizer">): Optimizer {
  return optimizer;
}

/** A run can go on only where it is alive and its epoch has the same batches as before. */
function requirePlace(
  { params, state, optimizer, progress }: Training,
  examples: Examples,
  options: FitOptions,
): void {
  if ([params, state, optimizer].flatMap(leaves).some((leaf) => leaf.isDisposed)) {
    throw new TypeError(
      "Cannot go on with a run as its tensors must be alive: current value has some that were disposed",
    );
  }
  const { stepInEpoch, totals } = progress;
  if (stepInEpoch === 0) return;
  const seen = stepInEpoch * batchSizeOf(examples, options);
  if (totals.count !== seen || stepInEpoch >= stepsPerEpoch(examples, options)) {
    throw new RangeError(
      `Cannot go on in the middle of an epoch as examples and batch size must be what they were: current value is ${totals.count} examples seen in ${stepInEpoch} steps, ${seen} with these options`,
    );
  }
}

function nextEpoch({ epoch, step }: Training["progress"]): Training["progress"] {
  return { epoch: epoch + 1, stepInEpoch: 0, step, totals: NO_TOTALS };
}

function measureOptions({ normalise }: FitOptions): EvaluateOptions {
  return normalise ? { normalise } : {};
}

function batchSizeOf(examples: Examples, { batchSize }: Pick<FitOptions, "batchSize">): number {
  return batchSize ?? Math.min(128, examples.labels.length);
}

/**
 * How many steps an epoch has.
 *
 * @param examples what is trained on
 * @param options the batch size, as for {@linkcode fit}
 * @returns the number of batches, the last one perhaps smaller
 */
export function stepsPerEpoch(
  examples: Examples,
  options: Pick<FitOptions, "batchSize"> = {},
): number {
  return Math.ceil(examples.labels.length / batchSizeOf(examples, options));
}

/** Does what is left of an epoch's steps, or what the signal leaves of them. */
async function runEpoch<P extends Tree, S extends Tree>(
  step: Step<P, S>,
  from: Training<P, S>,
  examples: Examples,
  options: FitOptions<P, S>,
): Promise<Training<P, S>> {
  let training = from;
  let pending: Pending | undefined;
  for await (const batch of epochBatches(from, examples, options)) {
    const { step: done, stepInEpoch } = training.progress;
    const key = fold(fold(from.key, "step"), done);
    const { numbers: both, ...trained } = stepAndFree(step, training, batch, key);
    const next: Training<P, S> = {
      ...training,
      ...trained,
      progress: { ...training.progress, step: done + 1, stepInEpoch: stepInEpoch + 1 },
    };
    disposeTraining(training, next);
    training = next;
    const numbers = readNumbers(both);
    // The last step's numbers are awaited while this one runs.
    if (pending) training = await account(training, pending, examples, options);
    pending = { numbers, size: batch.size, at: training.progress };
    if (options.signal?.aborted) break;
  }
  return pending ? await account(training, pending, examples, options) : training;
}

/** Does a step and frees its batch, also where the step fails. */
function stepAndFree<P extends Tree, S extends Tree>(
  step: Step<P, S>,
  { params, state, optimizer }: Training<P, S>,
  { images, labels }: Batch,
  key: Key,
): ReturnType<typeof step> {
  try {
    return step({ params, state, optimizer }, { images, labels }, key);
  } finally {
    tf.dispose([images, labels]);
  }
}

function epochBatches(
  { key, progress }: Training,
  examples: Examples,
  options: FitOptions,
): AsyncIterable<Batch> {
  return batches(examples, {
    batchSize: batchSizeOf(examples, options),
    key: fold(fold(key, "order"), progress.epoch),
    skip: progress.stepInEpoch,
    ...(options.normalise ? { normalise: options.normalise } : {}),
  });
}

/** A step whose numbers are on their way. */
type Pending = {
  readonly numbers: Promise<ArrayLike<number>>;
  readonly size: number;
  readonly at: Training["progress"];
};

/** Starts to read a step's numbers, before the next step is in the way, and frees them. */
function readNumbers(both: Tensor): Promise<ArrayLike<number>> {
  const numbers = both.data().finally(() => both.dispose());
  numbers.catch(() => {}); // It is awaited later, and heard then.
  return numbers;
}

/** Waits for a step's numbers, adds them to the epoch's and reports them. */
async function account<P extends Tree, S extends Tree>(
  training: Training<P, S>,
  { numbers, size, at }: Pending,
  examples: Examples,
  options: FitOptions<P, S>,
): Promise<Training<P, S>> {
  const { 0: lossValue, 1: correctValue } = await numbers;
  if (!Number.isFinite(lossValue)) {
    throw new RangeError(
      `Cannot go on training as the loss must be a finite number: current value is ${lossValue} at step ${at.step} (epoch ${
        at.epoch + 1
      }). A smaller learning rate often helps`,
    );
  }
  const before = training.progress.totals;
  const totals = {
    loss: before.loss + lossValue! * size,
    correct: before.correct + correctValue!,
    count: before.count + size,
  };
  options.onStep?.({
    epoch: at.epoch + 1,
    stepInEpoch: at.stepInEpoch,
    stepsPerEpoch: stepsPerEpoch(examples, options),
    step: at.step,
    loss: lossValue!,
    meanLoss: totals.loss / totals.count,
    accuracy: totals.correct / totals.count,
  });
  return { ...training, progress: { ...training.progress, totals } };
}
