// What a transfer can be told, and what it tells.
import type { Augmentation } from "../augment/augmentation.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Key } from "../tensor/random.ts";
import { type FitOptions, stepsPerEpoch } from "../train/fit_options.ts";
import type { EpochReport, StepReport } from "../train/reports.ts";
import type { Training } from "../train/training.ts";
import type { PhaseOptions, TransferPhaseName } from "./phases.ts";
import type { TransferredNetwork } from "./weights.ts";

/** Where a transfer stands: what {@linkcode restoreTransfer} returns. */
export type TransferPoint = {
  readonly phase: TransferPhaseName;
  /** The whole network with its run in that phase. */
  readonly network: Training;
};

/** Options of {@linkcode transfer}; those that are {@linkcode fit}'s hold for each phase. */
export type TransferOptions =
  & PhaseOptions
  & Pick<FitOptions, "batchSize" | "normalize" | "signal" | "jit" | "loss">
  & {
    /** What is made anew, as for {@linkcode transferWeights}. Default: the last layer with parameters. */
    readonly head?: string | readonly string[];
    /** The source of the new head, of orders and dropped units. Default: `key(0)`. */
    readonly key?: Key;
    /** Examples to measure the network by after every epoch. */
    readonly validation?: Examples | ImageSource;
    /**
     * How images are changed at random while the network is fine-tuned, and while the head is
     * trained where `cache` is `false`. Default: not at all.
     */
    readonly augment?: Augmentation;
    /** Whether features are computed once, where that can be. Default: `true`. */
    readonly cache?: boolean;
    /** The most bytes that cached features may take on the host; beyond, there is no cache. Default: 2³⁰. */
    readonly maxFeatureBytes?: number;
    /** A transfer to go on with, which is taken over; the pretrained weights are not used then. */
    readonly from?: TransferPoint;
    /** Called with what was taken over, made anew and left. */
    readonly onTransfer?: (told: Pick<TransferredNetwork, "taken" | "made" | "left">) => void;
    /** Called when a phase begins. */
    readonly onPhase?: (plan: PhasePlan) => void;
    /** Called with the number of examples whose features are there, validation included. */
    readonly onFeatures?: (done: number, total: number) => void;
    /** Called with each step's numbers, as {@linkcode fit} does. */
    readonly onStep?: (report: StepReport & { readonly phase: TransferPhaseName }) => void;
  };

/** How a phase will be done. */
export type PhasePlan = {
  readonly phase: TransferPhaseName;
  readonly epochs: number;
  /** How many parameter tensors are trained, and of how many. */
  readonly trained: number;
  readonly parameters: number;
  /** Shape of the features that are computed once; absent where each step runs the whole network. */
  readonly featureShape?: readonly number[];
  /** The layer that the trained part begins with, where features are computed once. */
  readonly tail?: string;
  /** Why nothing is cached, where it is not. */
  readonly reason?: string;
};

/** An epoch's numbers; its `network` is the whole network. */
export type TransferReport = EpochReport & { readonly phase: TransferPhaseName };

/** Steps of an epoch, which both phases have. */
export function stepsOf(
  examples: Examples | ImageSource,
  { batchSize }: Pick<TransferOptions, "batchSize">,
): number {
  return stepsPerEpoch(examples, { batchSize: batchSizeOf(examples, batchSize) });
}

/** Few images are taken few at a time, so that there are steps to learn in. */
export function batchSizeOf({ labels }: Examples | ImageSource, batchSize?: number): number {
  return batchSize ?? Math.min(32, labels.length);
}
