// Losses: functions of outputs and targets.

export * from "./losses.ts";
export * from "./weighted_cross_entropy.ts";
