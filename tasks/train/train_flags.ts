// The flags of `deno task train`, and the settings that they say.
import { models, type OptimizerName, optimizers } from "../../mod.ts";
import { choice, count, number, path, text, toggle } from "../command.ts";
import { DATA_DIR, DATASETS } from "./datasets.ts";
import { DEFAULT_RUN, SCHEDULES } from "./recipes.ts";
import type { Chosen } from "./settings.ts";

/** The flags. */
export const trainFlags = {
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
  epochs: count({
    min: 1,
    help: "passes over the training images",
    defaultText: "2 (lenet5 6, compact 8)",
  }),
  "batch-size": count({
    min: 1,
    help: "images a step",
    defaultText: "128, or all where there are fewer",
  }),
  optimizer: choice(Object.keys(optimizers) as OptimizerName[], {
    help: "how parameters follow gradients (sgd, nesterov: momentum 0.9)",
    defaultText: "adam",
  }),
  "learning-rate": number({
    above: 0,
    help: "step size, the highest of one cycle, else the first",
    defaultText:
      "of adam, adamw 0.003 (lenet5, compact 0.005, chapter-mnist 0.002), sgd, nesterov 0.05, rmsprop 0.001, lars 2",
  }),
  "find-lr": toggle({
    help: "first find the learning rate by a sweep, whose curve is drawn: learning_rate.svg",
  }),
  schedule: choice(SCHEDULES, {
    help:
      "what becomes of the step size: up and down; down; by tenths at 1/2 and 3/4; to a hundredth; up briefly and down; nothing; by a tenth where held back images get no better",
    defaultText: "one-cycle",
  }),
  "weight-decay": number({
    min: 0,
    help: "how fast kernels shrink; biases and batch normalization do not",
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
    help: "epochs without a better one that --early-stop bears; the plateau schedule half as many",
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
  limit: count({
    min: 1,
    help: "train on N images only, as many of each class",
    defaultText: "all",
  }),
  backend: choice(["webgpu", "cpu"], {
    help: "where to compute",
    defaultText: "webgpu, or cpu where there is no adapter",
  }),
  out: path({ help: "directory for the run's files", defaultText: "runs/MODEL-DATASET" }),
  resume: toggle({ help: `go on with the run in --out, to the numbers it would have had` }),
  json: toggle({ help: "print one JSON object on stdout as the last line" }),
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
export function chosenSettings(flags: FlagValues): Chosen {
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
