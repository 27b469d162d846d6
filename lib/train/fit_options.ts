// Options of a training run.
import type { Augmentation } from "../augment/augmentation.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import type { Loss } from "../losses/losses.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Key } from "../tensor/random.ts";
import type { Tree } from "../tensor/tree.ts";
import type { AuxiliaryLosses } from "./auxiliary_losses.ts";
import type { Callback } from "./callbacks/callback.ts";
import type { StepReport } from "./reports.ts";
import type { Trainable } from "./trainable.ts";
import type { Training } from "./training.ts";

/** Options of {@linkcode fit}. */
export type FitOptions<P extends Tree = Tree, S extends Tree = Tree> = {
  /** Passes over the examples, from 1, those of `from` included. Default: 1. */
  readonly epochs?: number;
  /** Examples a step, from 1 to all. Default: 128, or all if there are fewer. */
  readonly batchSize?: number;
  /** The optimizer. Default: {@linkcode adam}. */
  readonly optimizer?: Optimizer;
  /** The loss. Default: {@linkcode softmaxCrossEntropy}. */
  readonly loss?: Loss;
  /** Losses of other layers' outputs to add, as for {@linkcode trainStep}. Default: the model's own. */
  readonly auxiliaryLosses?: AuxiliaryLosses;
  /**
   * Which parameters are trained, as for {@linkcode trainStep}; a resumed run must train the same
   * ones. Default: all.
   */
  readonly trainable?: Trainable;
  /**
   * Changes each batch at random on the device before it is normalized, from the run's key and the
   * number of the step. Default: nothing.
   */
  readonly augment?: Augmentation;
  /** How pixels become numbers. Default: as in {@linkcode batches}. */
  readonly normalize?: Normalization;
  /** The source of parameters, order and dropped units. Default: `key(0)`. */
  readonly key?: Key;
  /** Examples to measure the model by after every epoch. */
  readonly validation?: Examples | ImageSource;
  /** A run to resume, whose tensors `fit` takes over; its key is used. Default: a new run. */
  readonly from?: Training<P, S>;
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
};

/** The default number of examples a step. */
const DEFAULT_BATCH = 128;

/** How many examples a step has. */
export function batchSizeOf(
  examples: Examples | ImageSource,
  { batchSize }: Pick<FitOptions, "batchSize">,
): number {
  return batchSize ?? Math.min(DEFAULT_BATCH, examples.labels.length);
}

/**
 * How many steps an epoch has.
 *
 * @param examples the training examples
 * @param options the batch size, as for {@linkcode fit}
 * @returns the number of batches; the last one may be smaller
 */
export function stepsPerEpoch(
  examples: Examples | ImageSource,
  options: Pick<FitOptions, "batchSize"> = {},
): number {
  return Math.ceil(examples.labels.length / batchSizeOf(examples, options));
}
