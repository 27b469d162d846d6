// Losses: functions of outputs and targets.

export { type Loss, meanSquaredError, softmaxCrossEntropy } from "./losses.ts";
export * from "./weighted_cross_entropy.ts";
