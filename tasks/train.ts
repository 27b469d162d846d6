// `deno task train`: trains a model on a data set, and leaves checkpoint, history, curves and a report.
import {
  classWeights,
  models,
  progressOf,
  readCheckpoint,
  restoreTraining,
  stepsPerEpoch,
  weightedCrossEntropy,
} from "../mod.ts";
import { choice, count, number, path, runCommand, text, toggle, UsageError } from "./command.ts";
import { DATA_DIR, DATASETS } from "./run/datasets.ts";
import { startDevice } from "./run/device.ts";
import { abortOnInterrupt } from "./run/interrupt.ts";
import { checkpointPath, openOutputDir } from "./run/output_dir.ts";
import { DEFAULT_RUN, learningRateOf, optimizerOf, OPTIMIZERS, SCHEDULES } from "./run/recipes.ts";
import { NO_RECORDS, recordsOf, stoppedOf } from "./run/records.ts";
import { BEST } from "./run/run_callbacks.ts";
import { AUGMENTED, showAugmented } from "./run/show_augmented.ts";
import { augmentationOf, openRunData } from "./run/run_data.ts";
import { bestEpoch, summaryLines, writeReport } from "./run/run_report.ts";
import { say } from "./run/say.ts";
import { buildModel, type Chosen, type Settings, settingsOf } from "./run/settings.ts";
import { runTraining } from "./run/training.ts";

const command = {
  name: "train",
  summary:
    "Trains a model, and leaves a checkpoint, its history, a picture of its curves and a report.",
  flags: {
    model: choice(Object.keys(models), { help: "what to train", defaultText: DEFAULT_RUN.model }),
    dataset: choice(DATASETS, {
      help: "what to train it on; folder: pictures, a folder a class",
      defaultText: DEFAULT_RUN.dataset,
    }),
    "data-dir": path(DATA_DIR),
    "image-size": count({
      min: 1,
      max: 8192,
      help: "height and width that pictures of a folder get",
      defaultText: "what the model was made for",
    }),
    "skip-broken": toggle({ help: "leave out files of a folder that cannot be decoded" }),
    epochs: count({ min: 1, help: "passes over the training images", defaultText: "2 (lenet5 6)" }),
    "batch-size": count({
      min: 1,
      help: "images a step",
      defaultText: "128, or all where there are fewer",
    }),
    optimizer: choice(Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[], {
      help: "how parameters follow gradients (sgd, nesterov: momentum 0.9)",
      defaultText: "adam",
    }),
    "learning-rate": number({
      above: 0,
      help: "step size, the highest of one cycle, else the first",
      defaultText:
        "of adam, adamw 0.003 (lenet5 0.005, chapter-mnist 0.002), sgd, nesterov 0.05, rmsprop 0.001, lars 2",
    }),
    schedule: choice(SCHEDULES, {
      help:
        "what becomes of the step size: up and down; down; by tenths at 1/2 and 3/4; to a hundredth; up briefly and down; by a tenth where held back images get no better; nothing",
      defaultText: "one-cycle",
    }),
    "weight-decay": number({
      min: 0,
      help: "how fast kernels shrink; biases and batch normalisation do not",
      defaultText: "0; of adamw 0.01, lars 0.0005",
    }),
    augment: text({
      help: "random changes of images, with commas between: digits, clothes, crop:4,flip, …",
      defaultText: "none",
    }),
    "show-augmented": toggle({
      help: "first draw some images as they are augmented: augmented.png",
    }),
    "label-smoothing": number({
      min: 0,
      below: 1,
      help: "share of a label that all classes get alike",
      defaultText: "0",
    }),
    "class-weights": choice(["balanced"], {
      help: "let rare classes count as much as frequent ones",
      defaultText: "all images count alike",
    }),
    validation: number({
      above: 0,
      below: 1,
      help: "part of the training images to hold back, by which the best epoch is kept",
      defaultText: "none; 0.1 where the run is steered by it",
    }),
    "early-stop": toggle({
      help: "end when the loss on those gets no better; back to the best epoch",
    }),
    patience: count({
      min: 1,
      help:
        "epochs without a better one that --early-stop bears; the plateau schedule half as many",
      defaultText: "5",
    }),
    "time-limit": number({
      above: 0,
      help: "end after so many seconds of training",
      defaultText: "none",
    }),
    seed: count({
      min: 0,
      help: "first parameters, order, dropout and augmentation follow from it",
      defaultText: "0",
    }),
    limit: count({ min: 1, help: "train on the first N images only", defaultText: "all" }),
    backend: choice(["webgpu", "cpu"], {
      help: "where to compute",
      defaultText: "webgpu, or cpu where there is no adapter",
    }),
    out: path({ help: "directory for the run's files", defaultText: "runs/MODEL-DATASET" }),
    resume: toggle({ help: `go on with the run in --out, to the numbers it would have had` }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
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

/** The values of flags whose names are not those of settings. */
type FlagValues = {
  readonly "batch-size": number | undefined;
  readonly "learning-rate": number | undefined;
  readonly "weight-decay": number | undefined;
  readonly "label-smoothing": number | undefined;
  readonly "class-weights": "balanced" | undefined;
  readonly "early-stop": boolean;
  readonly "time-limit": number | undefined;
  readonly "image-size": number | undefined;
};

/** The flags as settings; what is absent was not said. */
function chosenSettings(flags: FlagValues): Chosen {
  return {
    ...flags,
    batchSize: flags["batch-size"],
    learningRate: flags["learning-rate"],
    weightDecay: flags["weight-decay"],
    labelSmoothing: flags["label-smoothing"],
    classWeights: flags["class-weights"],
    earlyStop: flags["early-stop"] || undefined,
    timeLimit: flags["time-limit"],
    imageSize: flags["image-size"],
  };
}

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
  const { settings, train } = data;
  const { imageShape, classNames } = train;
  const model = buildModel(settings, classNames.length);
  model.declare(imageShape); // Refuses what does not go together before anything is made.
  const augment = augmentationOf(settings);
  if (flags["show-augmented"] && !augment) {
    throw new UsageError("--show-augmented must go with --augment: got none");
  }
  const loss = settings.classWeights && weightedCrossEntropy(classWeights(train));
  const learningRate = learningRateOf(settings, stepsPerEpoch(train, settings));
  const optimizer = optimizerOf(settings, learningRate);
  if (kept) requireEpochs(progressOf(kept, file).epoch, stoppedOf(kept.run), settings);
  const output = await openOutputDir(dir, settings);
  try {
    const device = await startDevice(flags.backend);
    if (flags["show-augmented"]) say(await showAugmented(output, data, augment!));
    const from = kept ? restoreTraining(model, optimizer, imageShape, kept, file) : undefined;
    const outcome = await runTraining({
      ...data,
      model,
      optimizer,
      learningRate,
      augment,
      loss: loss ?? undefined,
      output,
      from,
      before: kept ? recordsOf(kept.run) : NO_RECORDS,
      signal: abortOnInterrupt(
        "stopping after this step (Ctrl-C again: at once, losing what came since the last checkpoint)",
      ),
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
