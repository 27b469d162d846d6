// The rows of a training run: the training batches' numbers by windows of steps, the test's by epochs.
import * as nc from "../../mod.ts";
import type { Row } from "./experiment.ts";

/** A run to train and to measure. */
export type TrainingRun = {
  readonly model: nc.AnyLayer;
  readonly train: nc.Examples;
  readonly test: nc.Examples;
  readonly optimizer: nc.Optimizer;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Steps that a row of the training's numbers is the mean of. */
  readonly window: number;
  readonly report: (row: Row) => void;
};

/** A step's loss and accuracy: `fit` counts right answers over the epoch so far. */
function stepNumbers(
  batchSize: number,
  total: number,
): (report: nc.StepReport) => [number, number] {
  let before = 0;
  return ({ stepInEpoch, loss, accuracy }) => {
    if (stepInEpoch === 1) before = 0;
    const seen = Math.min(stepInEpoch * batchSize, total);
    const correct = accuracy * seen;
    const own = (correct - before) / (seen - (stepInEpoch - 1) * batchSize);
    before = correct;
    return [loss, own];
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value / values.length, 0);

/**
 * Trains a model and answers its curves. Where the loss is no longer a number the rows end, and the
 * last one says at which step (`divergedAt`).
 *
 * @param run what to train, on what and how
 * @returns rows of `step`, `trainLoss` and `trainAccuracy` for each window of steps, and of `step`,
 * `testLoss` and `testAccuracy` after each epoch
 */
export async function trainingRows(run: TrainingRun): Promise<Row[]> {
  const { model, train, test, report, window, epochs, batchSize, optimizer } = run;
  const rows: Row[] = [];
  const add = (row: Row): void => void (rows.push(row), report(row));
  const numbersOf = stepNumbers(batchSize, train.labels.length);
  let steps: [number, number][] = [];
  let step = 0;
  const onStep = (of: nc.StepReport): void => {
    step = of.step;
    steps.push(numbersOf(of));
    if (steps.length < window) return;
    const [trainLoss, trainAccuracy] = [0, 1].map((i) => mean(steps.map((pair) => pair[i]!)));
    add({ step, trainLoss: trainLoss!, trainAccuracy: trainAccuracy! });
    steps = [];
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

/** The model after its training, for what `trainingRows` does not measure; the caller frees it. */
export async function trained(
  model: nc.AnyLayer,
  train: nc.Examples,
  options: Omit<nc.FitOptions, "epochs"> & { readonly epochs: number },
): Promise<nc.Training> {
  for await (const { epoch, network } of nc.fit(model, train, options)) {
    if (epoch === options.epochs) return network;
  }
  throw new Error("Cannot answer a trained model: the training must reach its last epoch");
}
