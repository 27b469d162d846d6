// Defaults of training runs, and a run's optimizer and learning rate by its settings.
import {
  accumulate,
  adjustable,
  type LearningRate,
  type Optimizer,
  type OptimizerName,
  optimizers,
  type ScheduleName as LearningRateName,
  schedules,
} from "../../mod.ts";

/** A schedule's name; plateau divides the rate by 10 if held-back images do not improve. */
export type ScheduleName = LearningRateName | "plateau";

/** The schedules' names. */
export const SCHEDULES: readonly ScheduleName[] = [
  ...Object.keys(schedules) as LearningRateName[],
  "plateau",
];

/** The default model and data set. */
export const DEFAULT_RUN = { model: "lenet5", dataset: "mnist" } as const;

/** The default number of epochs, and the default learning rate of Adam. */
type Recipe = { readonly epochs: number; readonly adam: number };

const PLAIN_RECIPE: Recipe = { epochs: 2, adam: optimizers.adam.learningRate };

/**
 * What suits models on MNIST: LeNet-5 and the chapter's network reach about 99 % test accuracy,
 * depending on the seed.
 */
const RECIPES: Readonly<Record<string, Recipe>> = {
  "lenet5": { epochs: 6, adam: 0.005 },
  "lenet5-relu": { epochs: 6, adam: 0.005 },
  "compact": { epochs: 8, adam: 0.005 },
  "chapter-mnist": { epochs: 2, adam: 0.002 },
};

/** The defaults of a model. */
export function recipeOf(model: string): Recipe {
  return RECIPES[model] ?? PLAIN_RECIPE;
}

/** The settings that decide the optimizer. */
type Stepping = {
  readonly optimizer: OptimizerName;
  readonly weightDecay: number;
  readonly schedule: ScheduleName;
  /** Batches whose gradients make a step. */
  readonly accumulate?: number;
};

/** The optimizer of a run. */
export function optimizerOf(
  { optimizer, weightDecay, schedule, accumulate: every = 1 }: Stepping,
  learningRate: LearningRate,
): Optimizer {
  const made = optimizers[optimizer].make(learningRate, weightDecay);
  const summed = every === 1 ? made : accumulate(made, every);
  return schedule === "plateau" ? adjustable(summed) : summed;
}

/** The learning rate of a run. */
export function learningRateOf(
  { learningRate, schedule, epochs, accumulate: every = 1 }: {
    readonly learningRate: number;
    readonly schedule: ScheduleName;
    readonly epochs: number;
    readonly accumulate?: number;
  },
  stepsPerEpoch: number,
): LearningRate {
  const name = schedule === "plateau" ? "constant" : schedule;
  // The schedule counts steps of the optimizer.
  return schedules[name].make(learningRate, Math.ceil(epochs * stepsPerEpoch / every));
}
