// A training run on the command line: fit, with its display, and its files after every epoch.
import type { Augmentation } from "../../lib/augment/mod.ts";
import {
  type Callback,
  checkpoints,
  earlyStopping,
  plateau,
  timeLimit,
} from "../../lib/train/callbacks/mod.ts";
import {
  type ClassifierReport,
  countParameters,
  disposeTraining,
  evaluate,
  type Evaluation,
  type Examples,
  fit,
  type ImageSource,
  key,
  type Layer,
  type Loss,
  type Normalization,
  type Optimizer,
  snapshot,
  type StepReport,
  stepsPerEpoch,
  type Training,
  type World,
} from "../../mod.ts";
import type { EpochRecord, StepRecord } from "../../lib/train/report/mod.ts";
import { epochRecord } from "../../lib/train/report/history.ts";
import type { Progress } from "../../lib/train/training.ts";
import { treeHash } from "../../lib/tensor/mod.ts";
import type { Preprocessing } from "../../lib/image/mod.ts";
import { labelOf } from "../own_model.ts";
import { trainingProgress } from "../progress.ts";
import { aboutRun, type Records } from "./records.ts";
import type { RunFolder, RunRecords } from "./run_folder.ts";
import { precisionOf, type Settings } from "./settings.ts";

/** The parts of a run. */
export type RunParts = {
  readonly settings: Settings;
  readonly model: Layer;
  readonly optimizer: Optimizer;
  readonly augment: Augmentation | undefined;
  readonly loss: Loss | undefined;
  readonly normalize: Normalization | undefined;
  /** How pictures are prepared, if the model's file says it. */
  readonly preprocessing: Preprocessing | undefined;
  readonly train: Examples | ImageSource;
  /** Images that are held back, which steer the run. */
  readonly held: Examples | ImageSource | undefined;
  readonly test: Examples | ImageSource;
  readonly folder: RunFolder;
  /** Whether the run to resume may have been trained on other images. */
  readonly otherData: boolean;
  /** The run to resume; a new one if `undefined`. */
  readonly from: Training | undefined;
  /** The epochs and steps of that run, and why a callback stopped it. */
  readonly before: Records & { readonly stopped: string | undefined };
  readonly signal: AbortSignal;
  /** Whether the run is to end with this epoch. */
  readonly endsWithEpoch: () => boolean;
  /** What else is called with its steps and epochs. */
  readonly beside: readonly Callback[];
  /** The ranks that train together. */
  readonly world: World;
};

/** How a run ended. */
export type Outcome = {
  readonly interrupted: boolean;
  /** The epoch it ended in, from 1. */
  readonly epoch: number;
  /** The steps of that epoch that were done. */
  readonly step: number;
  readonly parameters: number;
  /** The hash of the parameters, which is the same on all ranks. */
  readonly parametersHash: string;
  /** Why a callback stopped it. */
  readonly stopped: string | null;
  /** The final network on the test images; `undefined` if the run was interrupted. */
  readonly evaluation: Evaluation | undefined;
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

/** The epochs and steps so far. */
type Notes = { readonly history: EpochRecord[]; readonly steps: StepRecord[] };

/**
 * Trains to the end or until the signal, and writes the run's files after every epoch and when the
 * signal ends it.
 */
export async function runTraining(parts: RunParts): Promise<Outcome> {
  const { settings, train, from } = parts;
  if (from && isTrained(from.progress, settings, parts.before.stopped)) {
    return await measureRun(from, parts);
  }
  const notes: Notes = { history: [...parts.before.history], steps: [...parts.before.steps] };
  const perEpoch = stepsPerEpoch(train, { batchSize: settings.batchSize });
  const progress = trainingProgress({ epochs: settings.epochs, stepsPerEpoch: perEpoch });
  const clock = stepClock();
  const onStep = (report: StepReport): void => {
    const { epoch, step, stepInEpoch, loss, meanLoss, accuracy = NaN } = report;
    notes.steps.push({ step, loss });
    clock.tick(stepInEpoch);
    progress.step(epoch, stepInEpoch, { loss: meanLoss, accuracy });
  };
  let outcome: Outcome | undefined;
  let last: Training | undefined;
  try {
    for await (const epoch of startFit(parts, notes, onStep)) {
      if (epoch.complete) progress.epochEnd(epoch.epoch, epoch);
      progress.stop();
      const isOver = epoch.stopped !== undefined ||
        (epoch.complete && epoch.epoch === settings.epochs);
      await writeRun(parts, epoch, notes);
      outcome = {
        // Unless another epoch follows.
        interrupted: !isOver,
        epoch: epoch.epoch,
        step: epoch.complete ? perEpoch : epoch.network.progress.stepInEpoch,
        parameters: countParameters(epoch.network.params),
        parametersHash: await treeHash(epoch.network.params),
        stopped: epoch.stopped ?? null,
        evaluation: isOver ? await finalEvaluation(parts, epoch) : undefined,
        history: notes.history,
        stepsPerSecond: clock.stepsPerSecond(),
      };
      last = epoch.network;
    }
    if (last) disposeTraining(last);
  } finally {
    progress.stop();
  }
  return outcome!;
}

/**
 * Whether nothing is left to train.
 *
 * @param stopped why a callback stopped the run
 */
export function isTrained(
  { epoch }: Pick<Progress, "epoch">,
  { epochs }: Settings,
  stopped: string | undefined,
): boolean {
  return epoch >= epochs || stopped?.startsWith("earlyStopping") === true;
}

/** The outcome of a run that was ended before it was measured, and perhaps before its records were written. */
async function measureRun(network: Training, parts: RunParts): Promise<Outcome> {
  const { test, loss, before, folder, world } = parts;
  await folder.writeRecords(recordsFor(parts, before));
  const outcome = {
    interrupted: false,
    epoch: network.progress.epoch,
    step: 0,
    parameters: countParameters(network.params),
    parametersHash: await treeHash(network.params),
    stopped: before.stopped ?? null,
    evaluation: await evaluate(network, test, { world, ...(loss ? { loss } : {}) }),
    history: before.history,
    stepsPerSecond: 0,
  };
  disposeTraining(network);
  return outcome;
}

/** Begins or resumes the run. */
function startFit(
  parts: RunParts,
  notes: Notes,
  onStep: (report: StepReport) => void,
): AsyncGenerator<ClassifierReport, void, void> {
  const { settings, model, optimizer, train, held, test, from, otherData, signal } = parts;
  return fit(model, train, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    optimizer,
    key: key(settings.seed),
    // The test images are measured if none are held back, but never used to choose anything.
    validation: held ?? test,
    callbacks: callbacksOf(parts, notes),
    signal,
    onStep,
    world: parts.world,
    batchStatistics: settings.batchStatistics,
    ...precisionOf(settings),
    ...(parts.normalize ? { normalize: parts.normalize } : {}),
    ...(parts.augment ? { augment: parts.augment } : {}),
    ...(parts.loss ? { loss: parts.loss } : {}),
    ...(from ? { from, otherData } : {}),
  });
}

/** The callbacks of a run. The best epoch is kept only if images are held back to choose it by. */
function callbacksOf(parts: RunParts, { history, steps }: Notes): readonly Callback[] {
  const { settings, train, held, folder, beside, endsWithEpoch } = parts;
  const { earlyStop, patience, schedule, timeLimit: limit } = settings;
  const about = (): ReturnType<typeof aboutRun> =>
    aboutRun(folder.id, settings, train, { history, steps }, parts.preprocessing);
  return [
    { name: "history", onEpoch: (report) => void history.push(epochRecord(report)) },
    ...(earlyStop ? [earlyStopping({ patience })] : []),
    ...(schedule === "plateau" ? [plateau({ patience: Math.floor(patience / 2) })] : []),
    ...(limit === null ? [] : [timeLimit(limit)]),
    // A name without the folder's path: the checkpoint remembers it by its name.
    ...(held ? [{ ...checkpoints({ dir: folder.dir, last: false, about }), name: "best" }] : []),
    ...beside,
    {
      name: "board",
      onEpoch: () => endsWithEpoch() ? { stop: "board: after this epoch" } : undefined,
    },
  ];
}

/** Measures on the test images, unless that was just done with these weights. */
async function finalEvaluation(
  { held, test, loss, normalize, world }: RunParts,
  { network, validation }: ClassifierReport,
): Promise<Evaluation> {
  if (!held && validation) return validation;
  return await evaluate(network, test, {
    world,
    ...(loss ? { loss } : {}),
    ...(normalize ? { normalize } : {}),
  });
}

async function writeRun(
  parts: RunParts,
  { network, stopped }: ClassifierReport,
  notes: Notes,
): Promise<void> {
  const { settings, train, folder, preprocessing, world } = parts;
  if (world.rank > 0) return;
  const about = {
    ...aboutRun(folder.id, settings, train, notes, preprocessing),
    ...(stopped ? { stopped } : {}),
  };
  await folder.writeState(await snapshot(network, about), recordsFor(parts, notes));
}

function recordsFor({ settings, train }: RunParts, { history, steps }: Records): RunRecords {
  const title = `${labelOf(settings.model)} on ${settings.dataset}`;
  return {
    history,
    steps,
    stepsPerEpoch: stepsPerEpoch(train, { batchSize: settings.batchSize }),
    title,
  };
}
