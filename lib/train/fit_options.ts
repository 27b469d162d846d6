// Options of a training run.
import type { Augmentation } from "../augment/augmentation.ts";
import type { ArrayExamples } from "../data/columns.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { requireOptions } from "../text/require.ts";
import type { AuxiliaryLosses } from "./auxiliary_losses.ts";
import type { Callback } from "./callbacks/callback.ts";
import type { Precision } from "./mixed_precision.ts";
import type { Losses, Metrics } from "./objective.ts";
import { type AnyExamples, batchSizeOf, countOf, isStream } from "./open_feed.ts";
import type { ClassifierStep, StepReport } from "./reports.ts";
import type { World } from "../world/world.ts";
import type { BatchStatistics } from "./together.ts";
import type { Trainable } from "./trainable.ts";
import type { Training } from "./training.ts";

/** Options of {@linkcode fit}. */
export type FitOptions<
  P extends Tree = Tree,
  S extends Tree = Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
  T extends Tree = Tensor,
> = {
  /** Passes over the examples, from 1, those of `from` included. Default: 1. */
  readonly epochs?: number;
  /** Examples a step, from 1 to all. Default: 128, or all if there are fewer. Not for a stream. */
  readonly batchSize?: number;
  /** Steps an epoch, of a stream. Default: an epoch is one iteration over it. */
  readonly stepsPerEpoch?: number;
  /** The optimizer. Default: {@linkcode adam}. */
  readonly optimizer?: Optimizer;
  /**
   * The loss: a function of outputs and targets, or of several outputs a loss for each by name, with
   * weights: `{ digit: softmaxCrossEntropy, angle: { loss: meanSquaredError, weight: 0.1 } }`, which
   * are reported as the metrics `digitLoss` and `angleLoss`. Default: {@linkcode softmaxCrossEntropy}
   * of a classifier; else it must be given.
   */
  readonly loss?: Losses<Y, T>;
  /**
   * What is measured besides, by name: functions of outputs and targets that return the mean over
   * the batch. They are in reports as `metrics` and `valMetrics`, in logs and curves, and callbacks
   * can monitor them: `mae`, `valMae`. Default: nothing.
   */
  readonly metrics?: Metrics<Y, T>;
  /**
   * Whether the model is a classifier, logits `[N, classes]` for one-hot targets, whose accuracy is
   * measured. Default: if the examples' targets are classes.
   */
  readonly classify?: boolean;
  /** Losses of other layers' outputs to add, as for {@linkcode trainStep}. Default: the model's own. */
  readonly auxiliaryLosses?: AuxiliaryLosses;
  /**
   * Which parameters are trained, as for {@linkcode trainStep}; a resumed run must train the same
   * ones. Default: all.
   */
  readonly trainable?: Trainable;
  /**
   * Changes each batch at random on the device before it is normalized, from the run's key and the
   * number of the step. Of labeled images only. Default: nothing.
   */
  readonly augment?: Augmentation;
  /** How pixels become numbers. Default: as in {@linkcode batches}. Of labeled images only. */
  readonly normalize?: Normalization;
  /** The source of parameters, order and dropped units. Default: `key(0)`. */
  readonly key?: Key;
  /** Examples to measure the model by after every epoch. */
  readonly validation?: AnyExamples;
  /** Batches that are taken of a stream for validation. Default: all that come. */
  readonly validationSteps?: number;
  /** A run to resume, whose tensors `fit` takes over; its key is used. Default: a new run. */
  readonly from?: Training<P, S, X, Y>;
  /**
   * Whether the run to resume may be resumed on other examples than before. Default: `false`, other
   * examples, image shapes, classes and normalizations are refused.
   */
  readonly otherData?: boolean;
  /** Stops the run after the current step. */
  readonly signal?: AbortSignal;
  /** What runs beside it, such as early stopping, see {@linkcode Callback}. Default: nothing. */
  readonly callbacks?: readonly Callback[];
  /** Called with a step's numbers, one step late so that nothing waits for the GPU. */
  readonly onStep?: (report: StepReport) => void;
  /**
   * Whether steps are recorded and replayed, see {@linkcode jit}; `"check"` also compares every step
   * with the recording, to find what it freezes. Default: `true`.
   */
  readonly jit?: boolean | "check";
  /**
   * The ranks that train together, see {@linkcode joinWorld}: each computes its part of every batch,
   * and all have the numbers that one of them alone would have. All must be given the same options
   * and examples; files are written by the first. Default: this process alone.
   */
  readonly world?: World;
  /**
   * Whose examples batch normalization takes its statistics of: `"local"`, those of the rank, whose
   * running statistics are averaged at the end of each epoch; `"synchronized"`, those of the whole
   * batch, as one rank would, which waits twice a step for each of its layers. Default: `"local"`.
   */
  readonly batchStatistics?: BatchStatistics;
  /**
   * Whether it is proved after every epoch, by a hash, that the parameters of all ranks are equal to
   * the last bit. Default: `true`.
   */
  readonly compareRanks?: boolean;
  /**
   * `"mixed"` halves the memory of activations and weights in a step: WebGPU on an adapter with
   * `shader-f16` only. Default: `"float32"`.
   */
  readonly precision?: Precision;
  /** What the loss is multiplied by in mixed precision, above 0. Default: dynamic, from 65536. */
  readonly lossScale?: number;
};

/** The options of {@linkcode fit}. */
export const FIT_OPTIONS: Readonly<Record<keyof FitOptions, true>> = {
  epochs: true,
  batchSize: true,
  stepsPerEpoch: true,
  optimizer: true,
  loss: true,
  metrics: true,
  classify: true,
  auxiliaryLosses: true,
  trainable: true,
  augment: true,
  normalize: true,
  key: true,
  validation: true,
  validationSteps: true,
  from: true,
  otherData: true,
  signal: true,
  callbacks: true,
  onStep: true,
  jit: true,
  world: true,
  batchStatistics: true,
  compareRanks: true,
  precision: true,
  lossScale: true,
};

const OPTIMIZER = "it is the optimizer's, optimizer: adam({ learningRate: 0.001 })";
const DEVICE = 'the device is chosen before, await start({ backend: "cpu" })';

/** What other libraries give to `fit`, by its name in small letters, and where it is here. */
export const NO_FIT_OPTIONS: Readonly<Record<string, string>> = {
  learningrate: OPTIMIZER,
  lr: OPTIMIZER,
  weightdecay: "it is the optimizer's, optimizer: adamw({ weightDecay: 0.01 })",
  momentum: "it is the optimizer's, optimizer: sgd({ momentum: 0.9 })",
  backend: DEVICE,
  device: DEVICE,
  shuffle: "examples are shuffled in each epoch, by the option key",
  seed: "the option is key: key(0)",
  verbose: "nothing is printed; print what the loop is given, for await (const report of fit(…))",
  validationsplit: "hold examples back, splitValidation(train, 0.1, key(0)), for validation",
  classweight: "it is the loss's, loss: weightedCrossEntropy(classWeights(examples))",
  classweights: "it is the loss's, loss: weightedCrossEntropy(classWeights(examples))",
  earlystopping: "it is a callback, callbacks: [callbacks.earlyStopping()]",
  patience: "it is a callback's, callbacks: [callbacks.earlyStopping({ patience: 5 })]",
};

/** Options of {@linkcode fit} for a classifier of labeled images. */
export type ClassifierOptions<P extends Tree = Tree, S extends Tree = Tree> =
  & Omit<FitOptions<P, S>, "onStep">
  & {
    readonly classify?: true;
    /** Called with a step's numbers, one step late so that nothing waits for the GPU. */
    readonly onStep?: (report: ClassifierStep) => void;
  };

/**
 * How many steps an epoch has.
 *
 * @param examples the training examples, which are no stream
 * @param options the batch size, as for {@linkcode fit}
 * @returns the number of batches; the last one may be smaller
 * @throws {TypeError} if the examples are a stream
 * @throws {TypeError | RangeError} if the batch size does not fit the examples
 */
export function stepsPerEpoch(
  examples: Examples | ImageSource | ArrayExamples,
  options: Pick<FitOptions, "batchSize"> = {},
): number {
  requireOptions("count the steps of an epoch", options, FIT_OPTIONS);
  if (isStream(examples)) {
    throw new TypeError(
      "Cannot count the steps of an epoch: examples must have an end, got a stream",
    );
  }
  return Math.ceil(countOf(examples) / batchSizeOf(examples, options));
}
