// What a training run reports of its steps and epochs.
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Evaluation, Measures } from "./evaluate.ts";
import type { Training } from "./training.ts";

/** A step's numbers. */
export type StepReport = {
  /** The epoch under way, from 1. */
  readonly epoch: number;
  /** The step in this epoch, from 1. */
  readonly stepInEpoch: number;
  /** Steps in an epoch; absent if it is not known, as of a stream. */
  readonly stepsPerEpoch?: number;
  /** The step in all, from 1. */
  readonly step: number;
  /** Loss of the batch. */
  readonly loss: number;
  /** Mean loss of the epoch so far. */
  readonly meanLoss: number;
  /** Of a classifier: accuracy over the epoch so far, 0 to 1. */
  readonly accuracy?: number;
  /** Means of the metrics over the epoch so far, by name; absent if there are none. */
  readonly metrics?: { readonly [name: string]: number };
  /** Time since `fit` was called. */
  readonly seconds: number;
  /** In mixed precision: the loss scale of the next step. */
  readonly lossScale?: number;
  /** In mixed precision: steps of the run so far that overflowed and changed nothing. */
  readonly skippedSteps?: number;
};

/** The numbers of a step of a classifier on labeled images. */
export type ClassifierStep = StepReport & {
  /** Accuracy over the epoch so far, 0 to 1. */
  readonly accuracy: number;
  /** Steps in an epoch. */
  readonly stepsPerEpoch: number;
};

/** An epoch's numbers. */
export type EpochReport<
  P extends Tree = Tree,
  S extends Tree = Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
> = {
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Whether all its steps were done: not if the signal or a callback stopped it. */
  readonly complete: boolean;
  /** Mean loss over its examples, each before its step. */
  readonly loss: number;
  /** Of a classifier: accuracy over its examples, each before its step, 0 to 1. */
  readonly accuracy?: number;
  /** Means of the metrics over its examples, each before its step; absent if there are none. */
  readonly metrics?: { readonly [name: string]: number };
  /** Loss on the validation examples, after the epoch. */
  readonly valLoss?: number;
  /** Of a classifier: accuracy on the validation examples, after the epoch, 0 to 1. */
  readonly valAccuracy?: number;
  /** Means of the metrics over the validation examples, after the epoch. */
  readonly valMetrics?: { readonly [name: string]: number };
  /** All measures on the validation examples, after the epoch. */
  readonly validation?: Measures & Partial<Evaluation>;
  /** Time of the epoch's steps and validation in this process. */
  readonly seconds: number;
  /** Why a callback stopped the run with this epoch. */
  readonly stopped?: string;
  /**
   * The learning rate of the epoch's last step; of several, as of {@linkcode perPath}, the highest.
   * Absent if the optimizer does not tell it.
   */
  readonly learningRate?: number;
  /** In mixed precision: the loss scale after the epoch. */
  readonly lossScale?: number;
  /** In mixed precision: steps of the run so far that overflowed and changed nothing. */
  readonly skippedSteps?: number;
  /**
   * The network as trained so far, with what its training needs to continue. Its tensors are valid
   * until the loop takes the next report; those of the last report are the caller's.
   */
  readonly network: Training<P, S, X, Y>;
};

/** The numbers of an epoch of a classifier. */
export type ClassifierReport<P extends Tree = Tree, S extends Tree = Tree> =
  & Omit<EpochReport<P, S>, "accuracy" | "validation">
  & {
    /** Accuracy over its examples, each before its step, 0 to 1. */
    readonly accuracy: number;
    /** All measures on the validation examples, after the epoch. */
    readonly validation?: Evaluation;
  };
