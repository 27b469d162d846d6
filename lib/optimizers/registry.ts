// Optimizers and learning-rate schedules by name, with what to start from.
import { adam } from "./adam.ts";
import { adamw } from "./adamw.ts";
import { chain } from "./chain.ts";
import { cosineDecay } from "./cosine_decay.ts";
import { lars } from "./lars.ts";
import { oneCycle } from "./one_cycle.ts";
import type { Optimizer } from "./optimizer.ts";
import { piecewise, warmUp } from "./piecewise.ts";
import { rmsprop } from "./rmsprop.ts";
import type { LearningRate } from "./schedule.ts";
import { sgd } from "./sgd.ts";
import { exponentialDecay } from "./step_decay.ts";
import { decayKernelsOnly, weightDecay } from "./weight_decay.ts";

/** An optimizer by name. */
export type OptimizerEntry = {
  /** One line of what it is. */
  readonly about: string;
  /** A learning rate to start from. */
  readonly learningRate: number;
  /** A weight decay to start from. */
  readonly weightDecay: number;
  /**
   * @param learningRate the learning rate, or its schedule
   * @param weightDecay λ of kernels, from 0; biases and batch normalization never decay
   * @returns the optimizer
   */
  readonly make: (learningRate: LearningRate, weightDecay: number) => Optimizer;
};

/** A schedule by name. */
export type ScheduleEntry = {
  /** One line of what becomes of the learning rate. */
  readonly about: string;
  /**
   * @param learningRate the highest learning rate, above 0
   * @param steps steps of the run, from 1
   * @returns the schedule, or the rate itself
   */
  readonly make: (learningRate: number, steps: number) => LearningRate;
};

const decay = decayKernelsOnly;

/** The names of {@linkcode optimizers}. */
export type OptimizerName = "adam" | "adamw" | "sgd" | "nesterov" | "rmsprop" | "lars";

/** All optimizers, by name. */
export const optimizers: Readonly<Record<OptimizerName, OptimizerEntry>> = {
  adam: {
    about: "Adam (Kingma and Ba 2015)",
    learningRate: 3e-3,
    weightDecay: 0,
    make: (learningRate, rate) =>
      rate === 0
        ? adam({ learningRate })
        : chain(weightDecay(rate, { decay }), adam({ learningRate })),
  },
  adamw: {
    about: "Adam with decoupled weight decay (Loshchilov and Hutter 2019)",
    learningRate: 3e-3,
    weightDecay: 0.01,
    make: (learningRate, rate) => adamw({ learningRate, weightDecay: rate, decay }),
  },
  sgd: {
    about: "gradient descent with momentum 0.9",
    learningRate: 0.05,
    weightDecay: 0,
    make: (learningRate, rate) => sgd({ learningRate, momentum: 0.9, weightDecay: rate, decay }),
  },
  nesterov: {
    about: "gradient descent with Nesterov's momentum 0.9",
    learningRate: 0.05,
    weightDecay: 0,
    make: (learningRate, rate) =>
      sgd({ learningRate, momentum: 0.9, nesterov: true, weightDecay: rate, decay }),
  },
  rmsprop: {
    about: "RMSProp (Tieleman and Hinton 2012)",
    learningRate: 1e-3,
    weightDecay: 0,
    make: (learningRate, rate) => rmsprop({ learningRate, weightDecay: rate, decay }),
  },
  lars: {
    about: "layer-wise adaptive rates, for large batches (You et al. 2017)",
    learningRate: 2,
    weightDecay: 5e-4,
    make: (learningRate, rate) => lars({ learningRate, adapt: decay, weightDecay: rate, decay }),
  },
};

/** The names of {@linkcode schedules}. */
export type ScheduleName =
  | "one-cycle"
  | "cosine"
  | "step"
  | "exponential"
  | "warm-up-cosine"
  | "constant";

/** All schedules, by name. */
export const schedules: Readonly<Record<ScheduleName, ScheduleEntry>> = {
  "one-cycle": {
    about: "up for a quarter of the steps, then down to almost nothing",
    make: (learningRate, steps) => oneCycle({ learningRate, steps }),
  },
  "cosine": {
    about: "down along half a cosine",
    make: (learningRate, steps) => cosineDecay({ learningRate, steps }),
  },
  "step": {
    about: "a tenth from half of the steps on, a hundredth from three quarters on",
    make: (learningRate, steps) => {
      const half = Math.max(1, Math.floor(steps / 2));
      const late = Math.max(half + 1, Math.floor(3 * steps / 4));
      return piecewise([[0, learningRate], [half, learningRate / 10], [late, learningRate / 100]]);
    },
  },
  "exponential": {
    about: "down to a hundredth by a factor a step",
    make: (learningRate, steps) => exponentialDecay({ learningRate, every: steps, factor: 0.01 }),
  },
  "warm-up-cosine": {
    about: "up for a twentieth of the steps, then down along half a cosine",
    make: (learningRate, steps) => {
      const rise = Math.max(1, Math.floor(steps / 20));
      return warmUp(rise, cosineDecay({ learningRate, steps: Math.max(1, steps - rise) }));
    },
  },
  "constant": {
    about: "the same in all steps",
    make: (learningRate) => learningRate,
  },
};
