// `deno task train`: trains a model, and leaves a checkpoint, its history, its curves and a report.
import type { Augmentation } from "../lib/augment/mod.ts";
import { dataIdentity, requireSameData } from "../lib/train/data_identity.ts";
import { runOf } from "../lib/train/snapshot.ts";
import {
  type Checkpoint,
  classWeights,
  type Layer,
  type Loss,
  readCheckpoint,
  restoreTraining,
  stepsPerEpoch,
  weightedCrossEntropy,
} from "../mod.ts";
import { refuse, runCommand, UsageError } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { abortOnInterrupt, exitCodeOf } from "./command/interrupt.ts";
import { say } from "./command/say.ts";
import { buildFor, keptModel, labelOf, modelOfRun, type NamedModel } from "./own_model.ts";
import { setUp } from "./setup.ts";
import { augmentationOf, drawAugmented, openRunData, type RunData } from "./train/data.ts";
import { withFoundRate } from "./train/find_rate.ts";
import { chosenSettings, type TrainFlags, trainFlags } from "./train/flags.ts";
import { DEFAULT_RUN, learningRateOf, optimizerOf } from "./train/recipes.ts";
import { NO_RECORDS, recordsOf, stoppedOf } from "./train/records.ts";
import { CHECKPOINT, inFolder, openRunFolder, type RunFolder } from "./train/run_folder.ts";
import { type Settings, settingsOf } from "./train/settings.ts";
import { bestEpoch, summaryLines } from "./train/summary.ts";
import { type Outcome, runTraining } from "./train/training.ts";

/** What the task takes. */
export const command = {
  name: "train",
  summary: "Trains a model, and leaves a checkpoint, its history, its curves and a report.",
  flags: trainFlags,
  examples: [
    ["deno task train", "LeNet-5 on MNIST"],
    ["deno task train --limit 6000 --epochs 1 --out runs/quick", "a quick try"],
    ["deno task train --model chapter-mnist --epochs 5", "the chapter's network"],
    [
      "deno task train --model ./mobilenet.ts --dataset cifar10 --data-dir cifar-10-batches-bin",
      "your own network, the default export of a file",
    ],
    [
      "deno task train --model compact --augment digits --batch-size 64 --epochs 10",
      "rotated, shifted and zoomed digits: test accuracy 99.47 %",
    ],
    [
      "deno task train --model compact --dataset fashion-mnist --epochs 4",
      "clothes instead of digits: test accuracy 91.23 %",
    ],
    [
      "deno task train --epochs 40 --early-stop --patience 4 --schedule plateau",
      "until held-back images no longer improve",
    ],
    [
      "deno task train --dataset folder --data-dir photos --model resnet18 --image-size 96 --augment photos --class-weights balanced",
      "your own photos, with a folder for each class",
    ],
    ["deno task train --resume", "continue after Ctrl-C"],
    ["deno task train --resume --epochs 8", "train a finished run for two more epochs"],
  ],
} as const;

/** The flags that name a run's folder if --out is absent. */
function defaultOut({ model, dataset }: Settings): string[] {
  return [
    ...model === DEFAULT_RUN.model ? [] : ["--model", model],
    ...dataset === DEFAULT_RUN.dataset ? [] : ["--dataset", dataset],
  ];
}

/** Refuses to resume a finished run. */
function requireEpochs(done: number, stopped: string | undefined, { epochs }: Settings): void {
  if (stopped?.startsWith("earlyStopping")) {
    throw new UsageError(
      `Cannot resume: the run must not be finished, got one stopped by ${stopped}`,
    );
  }
  if (done >= epochs) refuse("--epochs", `above ${done}, the epochs that are done`, epochs);
}

/** Refuses flags that exclude or need each other. */
function requireTogether(flags: TrainFlags): void {
  const needs = (flag: string, rule: string): never => {
    throw new UsageError(`Cannot use ${flag}: ${rule}`);
  };
  if (flags.resume && flags.overwrite) needs("--overwrite", "a resumed run keeps its files");
  if (flags["other-data"] && !flags.resume) needs("--other-data", "it needs --resume");
  if (!flags["find-lr"]) return;
  if (flags.resume) needs("--find-lr", "a resumed run keeps its learning rate");
  if (flags["learning-rate"] !== undefined) needs("--find-lr", "--learning-rate is given too");
}

/** A run of which nothing is on the device yet. */
type OpenedRun = {
  readonly dir: string;
  /** The checkpoint to resume, and its path. */
  readonly kept: Checkpoint | undefined;
  readonly file: string;
  readonly data: RunData;
  readonly named: NamedModel;
  readonly model: Layer;
  readonly augment: Augmentation | undefined;
  readonly loss: Loss | undefined;
};

/** Opens a run's images, and refuses what does not go together before anything is written. */
async function openRun(flags: TrainFlags): Promise<OpenedRun> {
  requireTogether(flags);
  const asked = chosenSettings(flags);
  const dir = flags.out ??
    `runs/${labelOf(asked.model ?? DEFAULT_RUN.model)}-${asked.dataset ?? DEFAULT_RUN.dataset}`;
  const file = inFolder(dir, CHECKPOINT);
  const kept = flags.resume ? await readCheckpoint(file) : undefined;
  const before = kept && settingsOf(kept.run, file);
  const named = await modelOfRun(flags, before, DEFAULT_RUN.model);
  const chosen = { ...asked, ...(named.own ? keptModel(named, before) : {}) };
  const data = await openRunData(chosen, before, named);
  const { settings, train } = data;
  const model = buildFor(named, train.imageShape, train.classNames.length);
  const augment = augmentationOf(settings);
  if (flags["show-augmented"] && !augment) {
    throw new UsageError("Cannot use --show-augmented: it needs --augment");
  }
  if (kept) {
    const { progress, data: before } = runOf(kept, file);
    requireEpochs(progress.epoch, stoppedOf(kept.run), settings);
    if (!flags["other-data"]) requireSameData(before, dataIdentity(train, data.normalize));
  }
  const loss = settings.classWeights ? weightedCrossEntropy(classWeights(train)) : undefined;
  return { dir, kept, file, data, named, model, augment, loss };
}

/** Trains a run in its folder, to its end or until the signal. */
async function trainRun(
  flags: TrainFlags,
  run: OpenedRun,
  folder: RunFolder,
  signal: AbortSignal,
): Promise<Outcome> {
  const { kept, file, data, named, model, augment, loss } = run;
  const { train } = data;
  if (flags["show-augmented"]) await drawAugmented(folder, data, augment!);
  const settings = flags["find-lr"]
    ? await withFoundRate(folder, data, { model, augment, loss, signal })
    : data.settings;
  const perEpoch = stepsPerEpoch(train, settings);
  const optimizer = optimizerOf(settings, learningRateOf(settings, perEpoch));
  return await runTraining({
    ...data,
    settings,
    model,
    optimizer,
    augment,
    loss,
    preprocessing: named.own?.preprocessing,
    folder,
    from: kept ? restoreTraining(model, optimizer, train.imageShape, kept, file) : undefined,
    otherData: flags["other-data"],
    before: kept ? recordsOf(kept.run) : NO_RECORDS,
    signal,
  });
}

/** Trains, and prints what was reached; returns the exit code. */
async function run(flags: TrainFlags): Promise<number> {
  await setUp(flags.backend);
  const began = performance.now();
  const opened = await openRun(flags);
  const { dir, data, kept } = opened;
  const { settings, train, test } = data;
  const folder = await openRunFolder(dir, {
    config: settings,
    overwrite: flags.overwrite,
    ...(kept ? { resumed: kept.run } : {}),
  });
  try {
    const signal = abortOnInterrupt(
      "stopping after this step (Ctrl-C again: at once, without what came since the last checkpoint)",
    );
    const device = await startDevice(flags.backend);
    const outcome = await trainRun(flags, opened, folder, signal);
    if (outcome.interrupted) {
      const where = flags.out === undefined ? defaultOut(settings) : [
        // The code of a file is run only if it is named again.
        ...opened.named.own ? ["--model", opened.named.name] : [],
        ...["--out", dir],
      ];
      const again = ["deno task train --resume", ...where].join(" ");
      say(`stopped at epoch ${outcome.epoch}, step ${outcome.step}; to continue: ${again}`);
      return exitCodeOf(signal);
    }
    const { history, stopped } = outcome;
    const evaluation = outcome.evaluation!;
    const held = data.held?.labels.length ?? 0;
    await folder.writeResults(evaluation, test);
    const files = folder.files();
    const seconds = (performance.now() - began) / 1000;
    const { classNames } = train;
    summaryLines({ evaluation, classNames, history, held, stopped, seconds, dir, files })
      .forEach(say);
    if (!flags.json) return 0;
    console.log(JSON.stringify({
      model: settings.model,
      dataset: settings.dataset,
      parameters: outcome.parameters,
      epochs: settings.epochs,
      trainSamples: train.labels.length,
      testSamples: test.labels.length,
      testAccuracy: evaluation.accuracy,
      testLoss: evaluation.loss,
      seconds,
      stepsPerSecond: outcome.stepsPerSecond,
      backend: device.backend,
      adapter: device.adapter,
      software: device.software,
      checkpoint: opened.file,
      epochsDone: history.length,
      stopped,
      validationSamples: held,
      bestEpoch: held > 0 ? bestEpoch(history)?.epoch ?? null : null,
      top5Accuracy: evaluation.top5Accuracy,
      files,
    }));
    return 0;
  } finally {
    await folder.release();
  }
}

if (import.meta.main) await runCommand(command, Deno.args, run);
