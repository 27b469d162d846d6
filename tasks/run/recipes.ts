// Optimisers, schedules and defaults of training runs, by the names the command line knows them by.
import { adam, cosineDecay, type LearningRate, oneCycle, type Optimizer, sgd } from "../../mod.ts";

/** The optimisers, with the learning rate each starts from. */
export const OPTIMIZERS = {
  adam: {
    learningRate: 3e-3,
    make: (learningRate: LearningRate): Optimizer => adam({ learningRate }),
  },
  sgd: {
    learningRate: 0.05,
    make: (learningRate: LearningRate): Optimizer => sgd({ learningRate, momentum: 0.9 }),
  },
} as const;

/** What becomes of the learning rate in the course of a run. */
export const SCHEDULES = ["one-cycle", "cosine", "constant"] as const;

/** An optimiser's name. */
export type OptimizerName = keyof typeof OPTIMIZERS;

/** A schedule's name. */
export type ScheduleName = typeof SCHEDULES[number];

/** What is trained, and on what, where no flag says. */
export const DEFAULT_RUN = { model: "lenet5", dataset: "mnist" } as const;

/** Epochs, and Adam's highest learning rate, where no flag says. */
type Recipe = { readonly epochs: number; readonly adam: number };

const PLAIN_RECIPE: Recipe = { epochs: 2, adam: OPTIMIZERS.adam.learningRate };

/** What was found to suit a model on MNIST: about 99.05 % of the test images right, give or take the seed. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  "lenet5": { epochs: 6, adam: 0.005 },
  "lenet5-relu": { epochs: 6, adam: 0.005 },
  "chapter-mnist": { epochs: 2, adam: 0.002 },
};

/** What suits a model where no flag says. */
export function recipeOf(model: string): Recipe {
  return RECIPES[model] ?? PLAIN_RECIPE;
}
