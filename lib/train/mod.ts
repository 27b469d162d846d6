// Training: fit, evaluate, predict, and the parts of a loop of your own.

export * from "./learning_rate/find_learning_rate.ts";
export type { Sweep } from "./learning_rate/learning_rate_sweep.ts";
export * from "./class_weights.ts";
export type { AuxiliaryLosses } from "./auxiliary_losses.ts";
export { type StepResult, type TrainState, trainStep, type TrainStepOptions } from "./step.ts";
export * from "./fit.ts";
export type { Precision, PrecisionOptions } from "./mixed_precision.ts";
export { type ClassifierOptions, type FitOptions, stepsPerEpoch } from "./fit_options.ts";
export type { Losses, Measure, Metrics, WeightedLoss } from "./objective.ts";
export type { AnyExamples } from "./open_feed.ts";
export type { BatchStream, StreamBatch } from "./stream_feed.ts";
export * from "./reports.ts";
export type { Trainable } from "./trainable.ts";
export type { DataIdentity } from "./data_identity.ts";
export {
  type BeginOptions,
  beginTraining,
  disposeTraining,
  type Progress,
  type Totals,
  type Training,
} from "./training.ts";
export { evaluate, type EvaluateOptions, type Evaluation, type Measures } from "./evaluate.ts";
export { shard } from "./shard.ts";
export type { BatchStatistics } from "./together.ts";
export { predict, type PredictOptions } from "./predict.ts";
export {
  type Classification,
  type Classifier,
  classify,
  type ClassifyOptions,
  type Picture,
} from "./classify.ts";
export { restoreTraining, snapshot } from "./snapshot.ts";
export { restoreNetwork } from "../weights/restore_network.ts";
export type { Share } from "../tensor/batch_part.ts";
