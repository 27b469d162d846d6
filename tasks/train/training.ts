// A training run on the command line: fit, with its display, and its files after every epoch.
import type { Augmentation } from "../../lib/augment/mod.ts";
import type { Callback } from "../../lib/train/callbacks/mod.ts";
import {
  countParameters,
  disposeTraining,
  type EpochReport,
  evaluate,
  type Evaluation,
  type Examples,
  fit,
  type ImageSource,
  key,
  type Layer,
  type Loss,
  type Optimizer,
  snapshot,
  type StepReport,
  stepsPerEpoch,
  type Training,
} from "../../mod.ts";
import type { EpochRecord, StepRecord } from "../../lib/train/report/mod.ts";
import { epochRecord } from "../../lib/train/report/history.ts";
import { trainingProgress } from "../progress.ts";
import type { OutputDir } from "./output_dir.ts";
import { aboutRun, type Records } from "./records.ts";
import { callbacksOf } from "./run_callbacks.ts";
import type { Settings } from "./settings.ts";

/** What a run is made of. */
export type RunParts = {
  readonly settings: Settings;
  readonly model: Layer;
  readonly optimizer: Optimizer;
  readonly augment: Augmentation | undefined;
  readonly loss: Loss | undefined;
  readonly train: Examples | ImageSource;
  /** Images that are held back, by which the run is steered; none where `undefined`. */
  readonly held: Examples | ImageSource | undefined;
  readonly test: Examples | ImageSource;
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
  /** Why it ended before its epochs were done. */
  readonly stopped: string | null;
  /** What was measured on the test images with the weights that it ended with. */
  readonly evaluation: Evaluation | undefined;
  /** What was measured on the images that are held back in each epoch. */
  readonly history: readonly EpochRecord[];
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

/** What a run writes down as it goes. */
type Notes = { readonly history: EpochRecord[]; readonly steps: StepRecord[] };

/**
 * Trains to the end or to the signal, and writes the run's files after every
 * epoch, and where the signal ends it.
 *
 * @param parts the run
 * @returns how it ended
 */
export async function runTraining(parts: RunParts): Promise<Outcome> {
  const { settings, train, signal } = parts;
  const notes: Notes = { history: [...parts.before.history], steps: [...parts.before.steps] };
  const perEpoch = stepsPerEpoch(train, settings);
  const progress = trainingProgress({ epochs: settings.epochs, stepsPerEpoch: perEpoch });
  const clock = stepClock();
  const onStep = (report: StepReport): void => {
    const { epoch, step, stepInEpoch, loss, meanLoss, accuracy } = report;
    notes.steps.push({ step, loss });
    clock.tick(stepInEpoch);
    progress.step(epoch, stepInEpoch, { loss: meanLoss, accuracy });
  };
  let outcome: Outcome | undefined;
  try {
    for await (const epoch of startFit(parts, notes, onStep)) {
      if (epoch.complete) progress.epochEnd(epoch.epoch, epoch);
      progress.stop();
      const isOver = epoch.stopped !== undefined ||
        (epoch.complete && epoch.epoch === settings.epochs);
      await writeRun(parts, epoch, notes, perEpoch);
      outcome = {
        interrupted: signal.aborted && !isOver,
        epoch: epoch.epoch,
        step: epoch.complete ? perEpoch : epoch.network.progress.stepInEpoch,
        parameters: countParameters(epoch.network.params),
        stopped: epoch.stopped ?? null,
        evaluation: isOver ? await finalEvaluation(parts, epoch) : undefined,
        history: notes.history,
        stepsPerSecond: clock.stepsPerSecond(),
      };
      if (signal.aborted || isOver) disposeTraining(epoch.network);
      if (signal.aborted) break;
    }
  } finally {
    progress.stop();
  }
  return outcome!;
}

/** Begins, or goes on with, the run. */
function startFit(
  parts: RunParts,
  notes: Notes,
  onStep: (report: StepReport) => void,
): ReturnType<typeof fit> {
  const { settings, model, optimizer, train, held, test, output, from, signal } = parts;
  const about = (): ReturnType<typeof aboutRun> => aboutRun(settings, train, notes);
  return fit(model, train, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    optimizer,
    key: key(settings.seed),
    // Where none are held back the test images are looked at, but nothing is chosen by them.
    validation: held ?? test,
    callbacks: [
      historian(notes),
      ...callbacksOf(settings, output.dir, held !== undefined, about),
    ],
    signal,
    onStep,
    ...(parts.augment ? { augment: parts.augment } : {}),
    ...(parts.loss ? { loss: parts.loss } : {}),
    ...(from ? { from } : {}),
  });
}

/** Records each epoch. */
function historian({ history }: Notes): Callback {
  return {
    name: "history",
    onEpoch(report) {
      history.push(epochRecord(report));
    },
  };
}

/** Measures on the test images, unless that was just done with these weights. */
async function finalEvaluation(
  { held, test, loss }: RunParts,
  { network, validation }: EpochReport,
): Promise<Evaluation> {
  if (!held && validation) return validation;
  return await evaluate(network, test, loss ? { loss } : {});
}

async function writeRun(
  { settings, train, output }: RunParts,
  { network, stopped }: EpochReport,
  notes: Notes,
  perEpoch: number,
): Promise<void> {
  const about = { ...aboutRun(settings, train, notes), ...(stopped ? { stopped } : {}) };
  await output.write({
    ...notes,
    checkpoint: await snapshot(network, about),
    stepsPerEpoch: perEpoch,
  });
}
