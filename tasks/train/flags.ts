// The flags of `deno task train`.
import { type OptimizerName, optimizers } from "../../mod.ts";
import { besideFlags } from "../board/beside.ts";
import { choice, count, number, path, text, toggle, type Values } from "../command.ts";
import { recoverFlag } from "../command/device.ts";
import { distributedFlag } from "../command/ranks.ts";
import { dataDirFlag, DATASETS } from "../datasets.ts";
import { modelFlag, ownModelFlags } from "../own_model.ts";
import { PRECISIONS } from "../../lib/train/mixed_precision.ts";
import { DEFAULT_RUN, SCHEDULES } from "./recipes.ts";
import type { FlagSettings } from "./settings.ts";

/** The flags. */
export const trainFlags = {
  model: modelFlag({ help: "what to train", defaultText: DEFAULT_RUN.model }),
  ...ownModelFlags,
  dataset: choice(DATASETS, {
    help: "what to train on; folder: your own pictures, with a folder for each class",
    defaultText: DEFAULT_RUN.dataset,
  }),
  "data-dir": dataDirFlag,
  "image-size": count({
    min: 1,
    max: 8192,
    help: "height and width to which the pictures of a folder are resized",
    defaultText: "the model's own",
  }),
  "skip-broken": toggle({ help: "leave out files of a folder that cannot be decoded" }),
  epochs: count({
    min: 1,
    help: "passes over the training images",
    defaultText: "2 (lenet5 6, compact 8)",
  }),
  "batch-size": count({
    min: 1,
    help: "images per step",
    defaultText: "128, or all if there are fewer",
  }),
  optimizer: choice(Object.keys(optimizers) as OptimizerName[], {
    help: "how gradients change the parameters; sgd and nesterov have momentum 0.9",
    defaultText: "adam",
  }),
  "learning-rate": number({
    above: 0,
    help: "the step size: the highest of one-cycle, the first of other schedules",
    defaultText:
      "adam, adamw 0.003 (lenet5, compact 0.005, chapter-mnist 0.002), sgd, nesterov 0.05, rmsprop 0.001, lars 2",
  }),
  "find-lr": toggle({
    help: "first find the learning rate by a sweep, and draw its curve: learning_rate.svg",
  }),
  schedule: choice(SCHEDULES, {
    help: "how the learning rate changes: one-cycle rises and falls; cosine falls; step is " +
      "divided by 10 at 1/2 and at 3/4 of the run; exponential falls to a hundredth; " +
      "warm-up-cosine rises briefly and falls; plateau is divided by 10 if held-back images " +
      "do not improve",
    defaultText: "one-cycle",
  }),
  "weight-decay": number({
    min: 0,
    help: "weight decay of kernels; biases and batch normalization have none",
    defaultText: "0; adamw 0.01, lars 0.0005",
  }),
  augment: text({
    help: "random changes of the images, separated by commas: digits, clothes, crop:4,flip, …",
    defaultText: "none",
  }),
  "show-augmented": toggle({
    help: "first draw some training images as they are augmented: augmented.png",
  }),
  "label-smoothing": number({
    min: 0,
    below: 1,
    help: "share of each label that is spread over all classes",
    defaultText: "0",
  }),
  "class-weights": choice(["balanced"], {
    help: "weight rare classes as much as frequent ones",
    defaultText: "all images count the same",
  }),
  validation: number({
    above: 0,
    below: 1,
    help: "part of the training images that is held back, to choose the best epoch",
    defaultText: "none; 0.1 with --early-stop or the plateau schedule",
  }),
  "early-stop": toggle({
    help: "stop if the loss on held-back images no longer improves, and keep the best epoch",
  }),
  patience: count({
    min: 1,
    help: "epochs without improvement before --early-stop stops; plateau takes half as many",
    defaultText: "5",
  }),
  accumulate: count({
    min: 1,
    help:
      "batches whose gradients make one step: their mean, as of one batch that is as much larger",
    defaultText: "1",
  }),
  "scale-learning-rate": toggle({
    help:
      "multiply the default learning rate by the images of a step over 128 (Goyal et al., 2017); " +
      "begin slowly with --schedule warm-up-cosine",
  }),
  distributed: distributedFlag,
  "batch-statistics": choice(["local", "synchronized"], {
    help:
      "of --distributed: whose images batch normalization takes its statistics of, a rank's or " +
      "the whole batch's, as one process would",
    defaultText: "local",
  }),
  "time-limit": number({
    above: 0,
    help: "stop after so many seconds of training",
    defaultText: "none",
  }),
  precision: choice(PRECISIONS, {
    help: "mixed stores activations and weights of a step as float16, half the memory, where the " +
      "adapter has shader-f16; sums, parameters and checkpoints are float32",
    defaultText: "float32",
  }),
  "loss-scale": number({
    above: 0,
    help: "what the loss is multiplied by in mixed precision, so that gradients fit float16",
    defaultText: "dynamic, from 65536",
  }),
  seed: count({
    min: 0,
    help: "seed of the first parameters, the order, dropout and augmentation",
    defaultText: "0",
  }),
  limit: count({
    min: 1,
    help: "train on N images only, as many of each class",
    defaultText: "all",
  }),
  backend: choice(["webgpu", "cpu"], {
    help: "where to compute",
    defaultText: "webgpu, or cpu if there is no adapter",
  }),
  out: path({ help: "folder for the run's files", defaultText: "runs/MODEL-DATASET" }),
  resume: toggle({ help: "continue the run in --out, to the numbers it would have had" }),
  "other-data": toggle({ help: "resume even if the images or classes are not the same as before" }),
  recover: recoverFlag,
  overwrite: toggle({
    help:
      "train anew, in place of the run in --out; a finished one is kept in its folder .previous until then",
  }),
  ...besideFlags,
  json: toggle({ help: "print one JSON object on stdout as the last line" }),
} as const;

/** The values of the flags. */
export type TrainFlags = Values<typeof trainFlags>;

/** The flags as settings; `undefined` if a flag is absent. */
export function chosenSettings(flags: TrainFlags): FlagSettings {
  const { model, dataset, epochs, optimizer, schedule, augment, validation, patience } = flags;
  const { seed, limit } = flags;
  return {
    ...{ model, dataset, epochs, optimizer, schedule, augment, validation, patience, seed, limit },
    dataDir: flags["data-dir"],
    skipBroken: flags["skip-broken"] || undefined,
    batchSize: flags["batch-size"],
    learningRate: flags["learning-rate"],
    weightDecay: flags["weight-decay"],
    labelSmoothing: flags["label-smoothing"],
    classWeights: flags["class-weights"],
    earlyStop: flags["early-stop"] || undefined,
    timeLimit: flags["time-limit"],
    accumulate: flags.accumulate,
    batchStatistics: flags["batch-statistics"],
    scaleLearningRate: flags["scale-learning-rate"] || undefined,
    imageSize: flags["image-size"],
    precision: flags.precision,
    lossScale: flags["loss-scale"],
  };
}
