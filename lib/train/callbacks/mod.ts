// What runs beside a training run: early stopping, checkpoints, logs.

export type { Callback, Decision, EpochDecision, EpochHookResult } from "./callback.ts";
export type { Memories, Memory } from "../training.ts";
export type { MonitoredMetric, MonitorOptions } from "./monitor.ts";
export * from "./early_stopping.ts";
export * from "./checkpoints.ts";
export * from "./epoch_logs.ts";
export * from "./live_log.ts";
export * from "./plateau.ts";
export type { PlateauOptions } from "../../optimizers/reduce_on_plateau.ts";
export * from "./time_limit.ts";
export * from "./tensor_board.ts";
