// `deno task train`: trains a model on a data set, and leaves checkpoint, history, curves and a report.
import {
  classWeights,
  progressOf,
  readCheckpoint,
  restoreTraining,
  stepsPerEpoch,
  weightedCrossEntropy,
} from "../mod.ts";
import { runCommand, UsageError } from "./command.ts";
import { startDevice } from "./run/device.ts";
import { RATE_CURVE, withFoundRate } from "./run/found_rate.ts";
import { abortOnInterrupt } from "./run/interrupt.ts";
import { checkpointPath, openOutputDir } from "./run/output_dir.ts";
import { DEFAULT_RUN, learningRateOf, optimizerOf } from "./run/recipes.ts";
import { NO_RECORDS, recordsOf, stoppedOf } from "./run/records.ts";
import { BEST } from "./run/run_callbacks.ts";
import { AUGMENTED, showAugmented } from "./run/show_augmented.ts";
import { augmentationOf, openRunData } from "./run/run_data.ts";
import { bestEpoch, summaryLines, writeReport } from "./run/run_report.ts";
import { say } from "./run/say.ts";
import { buildModel, type Settings, settingsOf } from "./run/settings.ts";
import { chosenSettings, trainFlags } from "./run/train_flags.ts";
import { runTraining } from "./run/training.ts";

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
      "deno task train --dataset fashion-mnist --augment clothes --out runs/fashion",
      "clothes in the place of digits, cropped and flipped",
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
function requireTogether(
  flags: {
    readonly "show-augmented": boolean;
    readonly "find-lr": boolean;
    readonly "learning-rate": number | undefined;
    readonly resume: boolean;
  },
  augments: boolean,
): void {
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

await runCommand(command, Deno.args, async (flags) => {
  const began = performance.now();
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
  const { train } = data;
  const { imageShape, classNames } = train;
  const model = buildModel(data.settings, classNames.length);
  model.declare(imageShape); // Refuses what does not go together before anything is made.
  const augment = augmentationOf(data.settings);
  requireTogether(flags, augment !== undefined);
  const loss = data.settings.classWeights ? weightedCrossEntropy(classWeights(train)) : undefined;
  if (kept) requireEpochs(progressOf(kept, file).epoch, stoppedOf(kept.run), data.settings);
  const output = await openOutputDir(dir, data.settings);
  const signal = abortOnInterrupt(
    "stopping after this step (Ctrl-C again: at once, losing what came since the last checkpoint)",
  );
  try {
    const device = await startDevice(flags.backend);
    if (flags["show-augmented"]) say(await showAugmented(output, data, augment!));
    const settings = flags["find-lr"]
      ? await withFoundRate(output, data, { model, augment, loss, signal })
      : data.settings;
    const learningRate = learningRateOf(settings, stepsPerEpoch(train, settings));
    const optimizer = optimizerOf(settings, learningRate);
    const from = kept ? restoreTraining(model, optimizer, imageShape, kept, file) : undefined;
    const outcome = await runTraining({
      ...data,
      settings,
      model,
      optimizer,
      learningRate,
      augment,
      loss,
      output,
      from,
      before: kept ? recordsOf(kept.run) : NO_RECORDS,
      signal,
    });
    if (outcome.interrupted) {
      const again = [
        "deno task train --resume",
        ...flags.out === undefined ? defaultOut(settings) : ["--out", dir],
      ].join(" ");
      say(`stopped at epoch ${outcome.epoch}, step ${outcome.step}; go on with: ${again}`);
      await output.release();
      Deno.exit(130);
    }
    const { history, stopped } = outcome;
    const evaluation = outcome.evaluation!;
    const reports = await writeReport(output, evaluation, data.test);
    const seconds = (performance.now() - began) / 1000;
    const held = data.held?.labels.length ?? 0;
    const files = [
      "checkpoint.safetensors",
      ...(held > 0 && history.length > 0 ? [BEST] : []),
      "history.csv",
      "curves.svg",
      ...reports,
      ...(flags["show-augmented"] ? [AUGMENTED] : []),
      ...(flags["find-lr"] ? [RATE_CURVE] : []),
      "config.json",
    ];
    summaryLines({ evaluation, classNames, history, held, stopped, seconds, dir, files })
      .forEach(say);
    if (!flags.json) return;
    console.log(JSON.stringify({
      model: settings.model,
      dataset: settings.dataset,
      parameters: outcome.parameters,
      epochs: settings.epochs,
      trainSamples: train.labels.length,
      testSamples: data.test.labels.length,
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
