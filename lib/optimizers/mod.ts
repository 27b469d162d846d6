// Optimizers, transformations of gradients, and learning-rate schedules.

export { applyUpdates, type Optimizer, scaleUpdates, stepWith } from "./optimizer.ts";
export * from "./chain.ts";
export * from "./sgd.ts";
export { adam, type AdamOptions, type AdamState } from "./adam.ts";
export * from "./adamw.ts";
export * from "./rmsprop.ts";
export * from "./lars.ts";
export { decayKernelsOnly, type DecayOptions, weightDecay } from "./weight_decay.ts";
export { clipByNorm, clipByValue } from "./clip.ts";
export * from "./accumulate.ts";
export * from "./ema.ts";
export * from "./per_path.ts";
export { adjustable } from "./adjustable.ts";
export { descend, type LearningRate, type Schedule } from "./schedule.ts";
export * from "./cosine_decay.ts";
export * from "./one_cycle.ts";
export * from "./step_decay.ts";
export * from "./registry.ts";
export * from "./piecewise.ts";
