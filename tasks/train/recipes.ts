// Optimizers, schedules and defaults of training runs, by the names the command line knows them by.
import {
  adam,
  adamw,
  adjustable,
  chain,
  cosineDecay,
  decayKernelsOnly,
  exponentialDecay,
  lars,
  type LearningRate,
  oneCycle,
  type Optimizer,
  piecewise,
  rmsprop,
  sgd,
  warmUp,
  weightDecay,
} from "../../mod.ts";

/** How fast kernels shrink; biases and what batch normalization learns do not. */
type Decay = { readonly weightDecay: number; readonly decay: (path: string) => boolean };

/** The optimizers, with the learning rate and weight decay each starts from. */
export const OPTIMIZERS = {
  adam: {
    learningRate: 3e-3,
    weightDecay: 0,
    make: (learningRate: LearningRate, { weightDecay: rate, decay }: Decay): Optimizer =>
      rate === 0
        ? adam({ learningRate })
        : chain(weightDecay(rate, { decay }), adam({ learningRate })),
  },
  adamw: {
    learningRate: 3e-3,
    weightDecay: 0.01,
    make: (learningRate: LearningRate, decay: Decay): Optimizer =>
      adamw({ learningRate, ...decay }),
  },
  sgd: {
    learningRate: 0.05,
    weightDecay: 0,
    make: (learningRate: LearningRate, decay: Decay): Optimizer =>
      sgd({ learningRate, momentum: 0.9, ...decay }),
  },
  nesterov: {
    learningRate: 0.05,
    weightDecay: 0,
    make: (learningRate: LearningRate, decay: Decay): Optimizer =>
      sgd({ learningRate, momentum: 0.9, nesterov: true, ...decay }),
  },
  rmsprop: {
    learningRate: 1e-3,
    weightDecay: 0,
    make: (learningRate: LearningRate, decay: Decay): Optimizer =>
      rmsprop({ learningRate, ...decay }),
  },
  lars: {
    learningRate: 2,
    weightDecay: 5e-4,
    make: (learningRate: LearningRate, decay: Decay): Optimizer =>
      lars({ learningRate, adapt: decayKernelsOnly, ...decay }),
  },
} as const;

/** What becomes of the learning rate η in the course of T steps. */
const SCHEDULE_MAKERS = {
  "one-cycle": (learningRate: number, steps: number): LearningRate =>
    oneCycle({ learningRate, steps }),
  "cosine": (learningRate: number, steps: number): LearningRate =>
    cosineDecay({ learningRate, steps }),
  /** A tenth from the half on, a hundredth from three quarters on. */
  "step": (learningRate: number, steps: number): LearningRate => {
    const half = Math.max(1, Math.floor(steps / 2));
    const late = Math.max(half + 1, Math.floor(3 * steps / 4));
    return piecewise([[0, learningRate], [half, learningRate / 10], [late, learningRate / 100]]);
  },
  /** Down to a hundredth. */
  "exponential": (learningRate: number, steps: number): LearningRate =>
    exponentialDecay({ learningRate, every: steps, factor: 0.01 }),
  /** Up for a twentieth of the run, then down along half a cosine. */
  "warm-up-cosine": (learningRate: number, steps: number): LearningRate => {
    const rise = Math.max(1, Math.floor(steps / 20));
    return warmUp(rise, cosineDecay({ learningRate, steps: Math.max(1, steps - rise) }));
  },
  /** A tenth each time that the images that are held back get no better. */
  "plateau": (learningRate: number): LearningRate => learningRate,
  "constant": (learningRate: number): LearningRate => learningRate,
} as const;

/** A schedule's name. */
export type ScheduleName = keyof typeof SCHEDULE_MAKERS;

/** The schedules' names. */
export const SCHEDULES = Object.keys(SCHEDULE_MAKERS) as readonly ScheduleName[];

/** An optimizer's name. */
export type OptimizerName = keyof typeof OPTIMIZERS;

/** What is trained, and on what, where no flag says. */
export const DEFAULT_RUN = { model: "lenet5", dataset: "mnist" } as const;

/** Epochs, and Adam's highest learning rate, where no flag says. */
type Recipe = { readonly epochs: number; readonly adam: number };

const PLAIN_RECIPE: Recipe = { epochs: 2, adam: OPTIMIZERS.adam.learningRate };

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
  const made = OPTIMIZERS[optimizer].make(learningRate, { weightDecay, decay: decayKernelsOnly });
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
  return SCHEDULE_MAKERS[schedule](learningRate, epochs * stepsPerEpoch);
}
