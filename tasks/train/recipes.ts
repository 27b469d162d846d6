// Defaults of training runs, and a run's optimizer and learning rate by its settings.
import {
  adjustable,
  type LearningRate,
  type Optimizer,
  type OptimizerName,
  optimizers,
  type ScheduleName as LearningRateName,
  schedules,
} from "../../mod.ts";

/** A schedule's name: one of the library's, or a tenth each time that the held back images do not improve. */
export type ScheduleName = LearningRateName | "plateau";

/** The schedules' names. */
export const SCHEDULES: readonly ScheduleName[] = [
  ...Object.keys(schedules) as LearningRateName[],
  "plateau",
];

/** What is trained, and on what, where no flag says. */
export const DEFAULT_RUN = { model: "lenet5", dataset: "mnist" } as const;

/** Epochs, and Adam's highest learning rate, where no flag says. */
type Recipe = { readonly epochs: number; readonly adam: number };

const PLAIN_RECIPE: Recipe = { epochs: 2, adam: optimizers.adam.learningRate };

/**
 * What was found to suit a model on MNIST: of LeNet-5 and the chapter's network about 99 % of the
 * test images are right then, give or take the seed.
 */
const RECIPES: Readonly<Record<string, Recipe>> = {
  "lenet5": { epochs: 6, adam: 0.005 },
  "lenet5-relu": { epochs: 6, adam: 0.005 },
  "compact": { epochs: 8, adam: 0.005 },
  "chapter-mnist": { epochs: 2, adam: 0.002 },
};

/** What suits a model where no flag says. */
export function recipeOf(model: string): Recipe {
  return RECIPES[model] ?? PLAIN_RECIPE;
}

/** What of a run's settings its optimizer follows from. */
type Stepping = {
  readonly optimizer: OptimizerName;
  readonly weightDecay: number;
  readonly schedule: ScheduleName;
};

/**
 * The optimizer of a run.
 *
 * @param settings the run's settings
 * @param learningRate its learning rate, or the schedule of it
 */
export function optimizerOf(
  { optimizer, weightDecay, schedule }: Stepping,
  learningRate: LearningRate,
): Optimizer {
  const made = optimizers[optimizer].make(learningRate, weightDecay);
  return schedule === "plateau" ? adjustable(made) : made;
}

/**
 * The learning rate of a run.
 *
 * @param settings the run's settings
 * @param stepsPerEpoch how many steps an epoch has
 */
export function learningRateOf(
  { learningRate, schedule, epochs }: {
    readonly learningRate: number;
    readonly schedule: ScheduleName;
    readonly epochs: number;
  },
  stepsPerEpoch: number,
): LearningRate {
  const name = schedule === "plateau" ? "constant" : schedule;
  return schedules[name].make(learningRate, epochs * stepsPerEpoch);
}
