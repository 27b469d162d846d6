// What a run has been through: its epochs and steps, as its checkpoint keeps them.
import type { EpochRecord, EpochReport, Json, StepRecord } from "../../mod.ts";

/** A run's epochs and steps so far. */
export type Records = {
  readonly history: readonly EpochRecord[];
  readonly steps: readonly StepRecord[];
};

/** Those of a run that begins. */
export const NO_RECORDS: Records = { history: [], steps: [] };

/**
 * The records in a checkpoint's account of its run.
 *
 * @param run the account
 */
export function recordsOf(run: Json): Records {
  const { history, steps } = (run ?? {}) as Partial<Records>;
  return {
    history: Array.isArray(history) ? history : [],
    steps: Array.isArray(steps) ? steps : [],
  };
}

/**
 * An epoch's line of the history.
 *
 * @param report what fit says of it
 * @param learningRate the step size it was done with
 */
export function epochRecord(report: EpochReport, learningRate: number): EpochRecord {
  const { epoch, loss, accuracy, valLoss, valAccuracy, seconds } = report;
  return {
    epoch,
    loss,
    accuracy,
    ...(valLoss === undefined ? {} : { valLoss }),
    ...(valAccuracy === undefined ? {} : { valAccuracy }),
    seconds,
    learningRate,
  };
}
