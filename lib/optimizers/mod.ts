// Optimizers, transformations of gradients, and learning-rate schedules.

export { applyUpdates, type Optimizer, scaleUpdates, stepWith } from "./optimizer.ts";
export { chain } from "./chain.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
export { adam, type AdamOptions, type AdamState } from "./adam.ts";
export { adamw, type AdamWOptions } from "./adamw.ts";
export { rmsprop, type RmspropOptions } from "./rmsprop.ts";
export { lars, type LarsOptions } from "./lars.ts";
export { decayKernelsOnly, type DecayOptions, weightDecay } from "./weight_decay.ts";
export { clipByNorm, clipByValue } from "./clip.ts";
export { accumulate } from "./accumulate.ts";
export { averagedParams, ema, type EmaOptions } from "./ema.ts";
export { type PathRule, perPath } from "./per_path.ts";
export { adjustable } from "./adjustable.ts";
export { descend, type LearningRate, type Schedule } from "./schedule.ts";
export {
  cosineDecay,
  type CosineDecayOptions,
  cosineRestarts,
  type CosineRestartsOptions,
} from "./cosine_decay.ts";
export { oneCycle, type OneCycleOptions } from "./one_cycle.ts";
export { type DecayScheduleOptions, exponentialDecay, stepDecay } from "./step_decay.ts";
export {
  type OptimizerEntry,
  type OptimizerName,
  optimizers,
  type ScheduleEntry,
  type ScheduleName,
  schedules,
} from "./registry.ts";
export { piecewise, type SchedulePiece, warmUp, type WarmUpOptions } from "./piecewise.ts";
