// Options and reports of a transfer.
import type { Augmentation } from "../augment/augmentation.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Key } from "../tensor/random.ts";
import { type FitOptions, stepsPerEpoch } from "../train/fit_options.ts";
import type { EpochReport, StepReport } from "../train/reports.ts";
import type { Training } from "../train/training.ts";
import type { PhaseOptions, TransferPhaseName } from "./phases.ts";
import type { TransferredNetwork } from "./weights.ts";

/** The state of a transfer: what {@linkcode restoreTransfer} returns. */
export type TransferPoint = {
  readonly phase: TransferPhaseName;
  /** The whole network with its run in that phase. */
  readonly network: Training;
};

/** Options of {@linkcode transfer}; those that are {@linkcode fit}'s hold for each phase. */
export type TransferOptions =
  & PhaseOptions
  & Pick<FitOptions, "batchSize" | "normalize" | "otherData" | "signal" | "jit" | "loss">
  & {
    /** What is initialized anew, as for {@linkcode transferWeights}. Default: the last layer with parameters. */
    readonly head?: string | readonly string[];
    /** The source of the new head, of the order of examples and of dropped units. Default: `key(0)`. */
    readonly key?: Key;
    /** Examples to measure the network by after every epoch. */
    readonly validation?: Examples | ImageSource;
    /**
     * How images are changed at random during fine-tuning, and while the head is trained if `cache`
     * is `false`. Default: not at all.
     */
    readonly augment?: Augmentation;
    /** Whether features are computed once, if possible. Default: `true`. */
    readonly cache?: boolean;
    /** The most bytes that cached features may take on the host; above it, nothing is cached. Default: 2³⁰. */
    readonly maxFeatureBytes?: number;
    /** A transfer to resume, whose tensors are taken over; the pretrained network is not used then. */
    readonly from?: TransferPoint;
    /** Called with the paths of what was transferred, initialized anew and not used. */
    readonly onTransfer?: (
      paths: Pick<TransferredNetwork, "transferred" | "initialized" | "unused">,
    ) => void;
    /** Called when a phase begins. */
    readonly onPhase?: (plan: PhasePlan) => void;
    /** Called with the number of examples whose features are computed, validation included. */
    readonly onFeatures?: (done: number, total: number) => void;
    /** Called with each step's numbers, as by {@linkcode fit}. */
    readonly onStep?: (report: StepReport & { readonly phase: TransferPhaseName }) => void;
  };

/** The names of {@linkcode TransferOptions}. */
export const TRANSFER_OPTIONS: Readonly<Record<keyof TransferOptions, true>> = {
  freeze: true,
  epochs: true,
  learningRate: true,
  fineTune: true,
  batchSize: true,
  normalize: true,
  otherData: true,
  signal: true,
  jit: true,
  loss: true,
  head: true,
  key: true,
  validation: true,
  augment: true,
  cache: true,
  maxFeatureBytes: true,
  from: true,
  onTransfer: true,
  onPhase: true,
  onFeatures: true,
  onStep: true,
};

/** What a phase will do. */
export type PhasePlan = {
  readonly phase: TransferPhaseName;
  readonly epochs: number;
  /** How many parameter tensors are trained, of how many. */
  readonly trained: number;
  readonly parameters: number;
  /** Shape of the features that are computed once; absent if each step runs the whole network. */
  readonly featureShape?: readonly number[];
  /** The first layer above the cached features. */
  readonly tail?: string;
  /** Why nothing is cached, if so. */
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

/** Small data sets have small batches, so that there are enough steps. */
export function batchSizeOf({ labels }: Examples | ImageSource, batchSize?: number): number {
  return batchSize ?? Math.min(32, labels.length);
}
