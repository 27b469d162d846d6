// What runs beside a training run: early stopping, checkpoints, logs.

export type { Callback, Decision, EpochDecision, EpochHookResult } from "./callback.ts";
export type { Memories, Memory } from "../training.ts";
export type { Monitored, MonitorOptions } from "./monitor.ts";
export { earlyStopping, type EarlyStoppingOptions } from "./early_stopping.ts";
export { checkpoints, type CheckpointsOptions } from "./checkpoints.ts";
export { csvLog, jsonLines } from "./epoch_logs.ts";
export { plateau, type PlateauCallbackOptions } from "./plateau.ts";
export type { PlateauOptions } from "../../optimizers/reduce_on_plateau.ts";
export * from "./time_limit.ts";
