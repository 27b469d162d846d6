// A training run on the command line: fit, with its display, and its files after every epoch.
import {
  countParameters,
  disposeTraining,
  type EpochRecord,
  type Examples,
  fit,
  key,
  type Layer,
  type LearningRate,
  type Optimizer,
  snapshot,
  type StepRecord,
  type StepReport,
  stepsPerEpoch,
  tf,
  type Training,
} from "../../mod.ts";
import { trainingProgress } from "../progress.ts";
import type { OutputDir } from "./output_dir.ts";
import { epochRecord, type Records } from "./records.ts";
import type { Settings } from "./settings.ts";

/** What a run is made of. */
export type RunParts = {
  readonly settings: Settings;
  readonly model: Layer;
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRate;
  readonly train: Examples;
  readonly test: Examples;
  readonly output: OutputDir;
  /** The run to go on with; a new one where `undefined`. */
  readonly from: Training | undefined;
  /** What that run has been through. */
  readonly before: Records;
  readonly signal: AbortSignal;
};

/** How a run ended. */
export type Outcome = {
  readonly interrupted: boolean;
  /** The epoch it ended in, from 1. */
  readonly epoch: number;
  /** Steps done of that epoch where it was interrupted. */
  readonly step: number;
  readonly parameters: number;
  readonly testAccuracy: number;
  readonly testLoss: number;
  /** Steps per second of training, without the first step, which compiles, and without tests. */
  readonly stepsPerSecond: number;
};

/** Measures steps per second between the steps of each epoch. */
function stepClock(): { tick(stepInEpoch: number): void; stepsPerSecond(): number } {
  let last: { readonly at: number; readonly step: number } | undefined;
  let steps = 0;
  let seconds = 0;
  return {
    tick(step): void {
      const at = performance.now();
      if (last && step === last.step + 1) {
        steps++;
        seconds += (at - last.at) / 1000;
      }
      last = { at, step };
    },
    stepsPerSecond: () => steps === 0 ? 0 : steps / seconds,
  };
}

/**
 * Trains to the end or to the signal, and writes the run's files after every
 * epoch, and where the signal ends it.
 *
 * @param parts the run
 * @returns how it ended
 */
export async function runTraining(parts: RunParts): Promise<Outcome> {
  const { settings, model, optimizer, train, test, from, signal } = parts;
  const history: EpochRecord[] = [...parts.before.history];
  const steps: StepRecord[] = [...parts.before.steps];
  const perEpoch = stepsPerEpoch(train, settings);
  const progress = trainingProgress({ epochs: settings.epochs, stepsPerEpoch: perEpoch });
  const clock = stepClock();
  const onStep = (report: StepReport): void => {
    const { epoch, step, stepInEpoch, loss, meanLoss, accuracy } = report;
    steps.push({ step, loss });
    clock.tick(stepInEpoch);
    progress.step(epoch, stepInEpoch, { loss: meanLoss, accuracy });
  };
  let outcome: Outcome | undefined;
  try {
    const run = fit(model, train, {
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      optimizer,
      key: key(settings.seed),
      validation: test,
      signal,
      onStep,
      ...(from ? { from } : {}),
    });
    for await (const epoch of run) {
      if (epoch.complete) {
        const rate = await rateAt(parts.learningRate, epoch.training.progress.step);
        history.push(epochRecord(epoch, rate));
        progress.epochEnd(epoch.epoch, epoch);
      }
      progress.stop();
      await writeRun(parts, epoch.training, { history, steps }, perEpoch);
      const isLast = epoch.complete && epoch.epoch === settings.epochs;
      outcome = {
        interrupted: signal.aborted && !isLast,
        epoch: epoch.epoch,
        step: epoch.complete ? perEpoch : epoch.training.progress.stepInEpoch,
        parameters: countParameters(epoch.training.params),
        testAccuracy: epoch.valAccuracy ?? NaN,
        testLoss: epoch.valLoss ?? NaN,
        stepsPerSecond: clock.stepsPerSecond(),
      };
      if (signal.aborted || isLast) disposeTraining(epoch.training);
      if (signal.aborted) break;
    }
  } finally {
    progress.stop();
  }
  return outcome!;
}

/** The learning rate of the last step taken. */
async function rateAt(learningRate: LearningRate, steps: number): Promise<number> {
  if (typeof learningRate === "number") return learningRate;
  const rate = tf.tidy(() => learningRate(tf.scalar(steps - 1)));
  const [value] = await rate.data();
  rate.dispose();
  return value!;
}

async function writeRun(
  { settings, train, output }: RunParts,
  training: Training,
  records: Records,
  perEpoch: number,
): Promise<void> {
  const checkpoint = await snapshot(training, {
    settings: { ...settings },
    history: records.history.map((record) => ({ ...record })),
    steps: records.steps.map((record) => ({ ...record })),
    classNames: [...train.classNames],
    inputShape: [...train.imageShape],
  });
  await output.write({ ...records, checkpoint, stepsPerEpoch: perEpoch });
}
