// `deno task train`: trains a model on a data set, and leaves checkpoint, history, curves and a report.
import type { Augmentation } from "../lib/augment/mod.ts";
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
import { progressOf } from "../lib/train/snapshot.ts";
import { runCommand, UsageError, type Values } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { RATE_CURVE, withFoundRate } from "./train/found_rate.ts";
import { abortOnInterrupt } from "./command/interrupt.ts";
import { checkpointPath, openOutputDir, type OutputDir } from "./train/output_dir.ts";
import { DEFAULT_RUN, learningRateOf, optimizerOf } from "./train/recipes.ts";
import { NO_RECORDS, recordsOf, stoppedOf } from "./train/records.ts";
import { BEST } from "./train/run_callbacks.ts";
import { AUGMENTED, showAugmented } from "./train/show_augmented.ts";
import { augmentationOf, openRunData, type RunData } from "./train/run_data.ts";
import { bestEpoch, summaryLines, writeReport } from "./train/run_report.ts";
import { say } from "./command/say.ts";
import { buildModel, type Settings, settingsOf } from "./train/settings.ts";
import { chosenSettings, trainFlags } from "./train/train_flags.ts";
import { type Outcome, runTraining } from "./train/training.ts";

const command = {
  name: "train",
  summary:
    "Trains a model, and leaves a checkpoint, its history, a picture of its curves and a report.",
  flags: trainFlags,
  examples: [
    ["deno task train", "LeNet-5 on MNIST"],
    ["deno task train --limit 6000 --epochs 1", "a quick look"],
    ["deno task train --model chapter-mnist --epochs 5", "the chapter's network"],
    [
      "deno task train --model compact --augment digits --batch-size 64 --epochs 10",
      "turned, shifted and zoomed digits: 99.47 % of the test's were right",
    ],
    [
      "deno task train --model compact --dataset fashion-mnist --epochs 4",
      "clothes in the place of digits: 91.23 % of the test's were right",
    ],
    [
      "deno task train --epochs 40 --early-stop --patience 4 --schedule plateau",
      "until the images that are held back get no better",
    ],
    [
      "deno task train --dataset folder --data-dir photos --model resnet18 --image-size 96 --augment photos --class-weights balanced",
      "photos, a folder a class",
    ],
    ["deno task train --resume --epochs 4", "two epochs more, or after Ctrl-C"],
  ],
} as const;

/** The flags that name a run's directory where --out is not given. */
function defaultOut({ model, dataset }: Settings): string[] {
  return [
    ...model === DEFAULT_RUN.model ? [] : ["--model", model],
    ...dataset === DEFAULT_RUN.dataset ? [] : ["--dataset", dataset],
  ];
}

/** A run that was ended by a measure does not go on: it would end again. */
function requireEpochs(done: number, stopped: string | undefined, { epochs }: Settings): void {
  if (stopped?.startsWith("earlyStopping")) {
    throw new UsageError(
      `--resume must be of a run that is not over: got one that ended by ${stopped}`,
    );
  }
  if (done >= epochs) {
    throw new UsageError(
      `--epochs must be above ${done}, the epochs that the run has done: got ${epochs}`,
    );
  }
}

/** Refuses flags that say nothing together, or too much. */
function requireTogether(flags: TrainFlags, augments: boolean): void {
  if (flags["show-augmented"] && !augments) {
    throw new UsageError("--show-augmented must go with --augment: got none");
  }
  if (flags["find-lr"] && (flags["learning-rate"] !== undefined || flags.resume)) {
    throw new UsageError(
      `--find-lr must go without ${
        flags.resume ? "--resume, as the run keeps its rate" : "--learning-rate"
      }: got both`,
    );
  }
}

/** The values of the command's flags. */
type TrainFlags = Values<typeof trainFlags>;

/** A run of which nothing is on the device yet. */
type OpenedRun = {
  readonly dir: string;
  /** The checkpoint to go on with, and its path. */
  readonly kept: Checkpoint | undefined;
  readonly file: string;
  readonly data: RunData;
  readonly model: Layer;
  readonly augment: Augmentation | undefined;
  readonly loss: Loss | undefined;
};

/** Opens a run's images, and refuses what does not go together before anything is made. */
async function openRun(flags: TrainFlags): Promise<OpenedRun> {
  const chosen = chosenSettings(flags);
  const dir = flags.out ??
    `runs/${chosen.model ?? DEFAULT_RUN.model}-${chosen.dataset ?? DEFAULT_RUN.dataset}`;
  const file = checkpointPath(dir);
  const kept = flags.resume ? await readCheckpoint(file) : undefined;
  const data = await openRunData({
    chosen,
    kept: kept && settingsOf(kept.run, file),
    dataDir: flags["data-dir"],
    skipBroken: flags["skip-broken"],
  });
  const { settings, train } = data;
  const model = buildModel(settings, train.classNames.length);
  model.declare(train.imageShape);
  const augment = augmentationOf(settings);
  requireTogether(flags, augment !== undefined);
  if (kept) requireEpochs(progressOf(kept, file).epoch, stoppedOf(kept.run), settings);
  const loss = settings.classWeights ? weightedCrossEntropy(classWeights(train)) : undefined;
  return { dir, kept, file, data, model, augment, loss };
}

/** Trains a run in its directory, to its end or to the signal. */
async function trainRun(
  flags: TrainFlags,
  run: OpenedRun,
  output: OutputDir,
  signal: AbortSignal,
): Promise<Outcome> {
  const { kept, file, data, model, augment, loss } = run;
  const { train } = data;
  if (flags["show-augmented"]) say(await showAugmented(output, data, augment!));
  const settings = flags["find-lr"]
    ? await withFoundRate(output, data, { model, augment, loss, signal })
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
    output,
    from: kept ? restoreTraining(model, optimizer, train.imageShape, kept, file) : undefined,
    before: kept ? recordsOf(kept.run) : NO_RECORDS,
    signal,
  });
}

/** The names of a run's files. */
function filesOf(flags: TrainFlags, kept: boolean, reports: readonly string[]): string[] {
  return [
    "checkpoint.safetensors",
    ...(kept ? [BEST] : []),
    "history.csv",
    "curves.svg",
    ...reports,
    ...(flags["show-augmented"] ? [AUGMENTED] : []),
    ...(flags["find-lr"] ? [RATE_CURVE] : []),
    "config.json",
  ];
}

await runCommand(command, Deno.args, async (flags) => {
  const began = performance.now();
  const run = await openRun(flags);
  const { dir, data } = run;
  const { settings, train, test } = data;
  const output = await openOutputDir(dir, settings);
  try {
    const signal = abortOnInterrupt(
      "stopping after this step (Ctrl-C again: at once, losing what came since the last checkpoint)",
    );
    const device = await startDevice(flags.backend);
    const outcome = await trainRun(flags, run, output, signal);
    if (outcome.interrupted) {
      const where = flags.out === undefined ? defaultOut(settings) : ["--out", dir];
      const again = ["deno task train --resume", ...where].join(" ");
      say(`stopped at epoch ${outcome.epoch}, step ${outcome.step}; go on with: ${again}`);
      await output.release();
      Deno.exit(130);
    }
    const { history, stopped } = outcome;
    const evaluation = outcome.evaluation!;
    const held = data.held?.labels.length ?? 0;
    const reports = await writeReport(output, evaluation, test);
    const files = filesOf(flags, held > 0 && history.length > 0, reports);
    const seconds = (performance.now() - began) / 1000;
    const { classNames } = train;
    summaryLines({ evaluation, classNames, history, held, stopped, seconds, dir, files })
      .forEach(say);
    if (!flags.json) return;
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
      checkpoint: output.checkpoint,
      epochsDone: history.length,
      stopped,
      validationSamples: held,
      bestEpoch: held > 0 ? bestEpoch(history)?.epoch ?? null : null,
      top5Accuracy: evaluation.top5Accuracy,
      files,
    }));
  } finally {
    await output.release();
  }
});
