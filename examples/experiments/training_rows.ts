// The rows of a training run: training numbers per window of steps, test numbers per epoch.
import * as nc from "../../mod.ts";
import type { Row } from "./experiment.ts";

/** What to train and how to measure it. */
export type TrainingRun = {
  readonly model: nc.Layer;
  readonly train: nc.Examples;
  readonly test: nc.Examples;
  readonly optimizer: nc.Optimizer;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** How many steps a row's training numbers are the mean of. */
  readonly window: number;
  readonly onRow: (row: Row) => void;
};

/**
 * Trains a model and returns its curves. If the loss becomes NaN or infinite, the rows end and the
 * last one has the step (`divergedAt`).
 *
 * @param run what to train, on what and how
 * @returns rows of `step`, `trainLoss` and `trainAccuracy` for each window of steps, and of `step`,
 * `testLoss` and `testAccuracy` after each epoch
 */
export async function trainingRows(run: TrainingRun): Promise<Row[]> {
  const { model, train, test, onRow, window, epochs, batchSize, optimizer } = run;
  const rows: Row[] = [];
  const add = (row: Row): void => void (rows.push(row), onRow(row));
  const accuracyOf = stepAccuracy(batchSize, train.labels.length);
  let losses: number[] = [];
  let accuracies: number[] = [];
  let step = 0;
  const onStep = (report: nc.StepReport): void => {
    step = report.step;
    losses.push(report.loss);
    accuracies.push(accuracyOf(report));
    if (losses.length < window) return;
    add({ step, trainLoss: mean(losses), trainAccuracy: mean(accuracies) });
    [losses, accuracies] = [[], []];
  };
  const options = { epochs, batchSize, optimizer, key: nc.key(run.seed), validation: test, onStep };
  try {
    for await (const { epoch, valLoss, valAccuracy, network } of nc.fit(model, train, options)) {
      add({ step, testLoss: valLoss!, testAccuracy: valAccuracy! });
      if (epoch === epochs) nc.disposeTraining(network);
    }
  } catch (error) {
    if (!(error instanceof RangeError && /finite number/.test(error.message))) throw error;
    add({ step, divergedAt: step + 1 });
  }
  return rows;
}

/** Computes the accuracy of single steps, as `fit` reports that of the epoch so far. */
function stepAccuracy(batchSize: number, total: number): (report: nc.StepReport) => number {
  let correctBefore = 0;
  return ({ stepInEpoch, accuracy }) => {
    if (stepInEpoch === 1) correctBefore = 0;
    const seen = Math.min(stepInEpoch * batchSize, total);
    const correct = accuracy! * seen;
    const own = (correct - correctBefore) / (seen - (stepInEpoch - 1) * batchSize);
    correctBefore = correct;
    return own;
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value / values.length, 0);
