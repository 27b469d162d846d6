// Learning rates that change with the step.
import type { Scalar } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { type Optimizer, requireLearningRate } from "./optimizer.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import type { RateRule } from "../tensor/update_trees.ts";

/**
 * A learning rate as a function of the steps taken: of a tensor, so that a step
 * need not wait for the device to tell how many there were.
 *
 * @param count steps taken before this one, shape `[]`
 * @returns the learning rate, shape `[]`
 */
export type Schedule = ((count: Scalar) => Scalar) & {
  /** The same as an equation, for devices to compute along with an update. */
  readonly rule?: RateRule;
};

/** Options of {@linkcode cosineDecay}. */
export type CosineDecayOptions = {
  /** The first learning rate, above 0. */
  readonly learningRate: number;
  /** Steps until the last, from 1. */
  readonly steps: number;
  /** The last learning rate as a share of the first, 0 to 1. Default: 0. */
  readonly end?: number;
};

/**
 * A learning rate that falls along half a cosine, η(t) = η · (e + (1 − e) ·
 * (1 + cos(π t / T)) / 2), and stays at its end (Loshchilov and Hutter, "SGDR",
 * ICLR 2017, without restarts).
 *
 * @param options first rate, number of steps, end
 * @returns the schedule
 * @throws {RangeError} where an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { cosineDecay, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const schedule = cosineDecay({ learningRate: 0.1, steps: 100 });
 * assertAlmostEquals(await schedule(tf.scalar(50)).array(), 0.05, 1e-6);
 * ```
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const { learningRate, steps, end = 0 } = options;
  requireLearningRate("a cosine decay", learningRate);
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(
      `Cannot make a cosine decay as its steps must be a whole number of at least 1: current value is ${steps}`,
    );
  }
  if (!(end >= 0 && end <= 1)) {
    throw new RangeError(
      `Cannot make a cosine decay as its end must be from 0 to 1: current value is ${end}`,
    );
  }
  const rateAt = (count: Scalar): Scalar =>
    tf.tidy(() => {
      const angle = tf.mul(tf.minimum(count, steps), Math.PI / steps);
      const share = tf.mul(tf.add(tf.cos(angle), 1), (1 - end) / 2);
      return tf.mul(tf.add(share, end), learningRate) as Scalar;
    });
  return Object.assign(rateAt, { rule: { learningRate, steps, end } });
}

/** Options of {@linkcode oneCycle}. */
export type OneCycleOptions = {
  /** The highest learning rate, above 0. */
  readonly learningRate: number;
  /** Steps until the last, from 1. */
  readonly steps: number;
  /** Share of the steps in which the rate rises, above 0 and below 1. Default: 0.25. */
  readonly warmUp?: number;
  /** By what the highest rate is divided for the first one, at least 1. Default: 25. */
  readonly divisor?: number;
  /** By what the highest rate is divided for the last one, at least 1. Default: 1e5. */
  readonly finalDivisor?: number;
};

/**
 * A learning rate that rises along half a cosine from a part of the highest, falls
 * along another to almost nothing, and stays there (Smith and Topin,
 * "Super-convergence", 2018; the defaults are fastai's).
 *
 * @param options highest rate, number of steps, share that rises, divisors
 * @returns the schedule
 * @throws {RangeError} where an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { oneCycle, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const schedule = oneCycle({ learningRate: 0.1, steps: 100 });
 * assertAlmostEquals(await schedule(tf.scalar(0)).array(), 0.1 / 25, 1e-6);
 * assertAlmostEquals(await schedule(tf.scalar(25)).array(), 0.1, 1e-6);
 * assertAlmostEquals(await schedule(tf.scalar(100)).array(), 1e-6, 1e-8);
 * ```
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { learningRate, steps, warmUp = 0.25, divisor = 25, finalDivisor = 1e5 } = options;
  requireLearningRate("a one-cycle schedule", learningRate);
  const demand = (name: string, value: number, holds: boolean, range: string): void => {
    if (holds) return;
    throw new RangeError(
      `Cannot make a one-cycle schedule as its ${name} must be ${range}: current value is ${value}`,
    );
  };
  const isWhole = Number.isInteger(steps) && steps >= 1;
  demand("steps", steps, isWhole, "a whole number of at least 1");
  demand("warmUp", warmUp, warmUp > 0 && warmUp < 1, "above 0 and below 1");
  demand("divisor", divisor, divisor >= 1, "at least 1");
  demand("finalDivisor", finalDivisor, finalDivisor >= 1, "at least 1");
  const top = warmUp * steps;
  return (count) =>
    tf.tidy(() => {
      // Each half stays at the highest rate where the other one moves.
      const rise = halfCosine(count, 0, top, 1 / divisor, 1);
      const fall = halfCosine(count, top, steps, 1, 1 / finalDivisor);
      return tf.mul(tf.mul(rise, fall), learningRate) as Scalar;
    });
}

/** From one value to another along half a cosine between two steps, and no further. */
function halfCosine(count: Scalar, from: number, to: number, first: number, last: number): Scalar {
  const share = tf.clipByValue(tf.div(tf.sub(count, from), to - from), 0, 1);
  const done = tf.div(tf.sub(1, tf.cos(tf.mul(share, Math.PI))), 2);
  return tf.add(tf.mul(done, last - first), first) as Scalar;
}

/** A learning rate: one for all steps, or a schedule. */
export type LearningRate = number | Schedule;

/**
 * The learning rate as a schedule.
 *
 * @param optimizer whose it is, for the error
 * @param rate a number above 0, or a schedule
 * @throws {RangeError} where it is a number that is not finite and above 0
 */
export function scheduleOf(optimizer: string, rate: LearningRate): Schedule {
  if (typeof rate === "function") return rate;
  requireLearningRate(optimizer, rate);
  return Object.assign(() => tf.scalar(rate), { rule: constantRate(rate) });
}

/** A rate that stays as it is, as an equation. */
export function constantRate(learningRate: number): RateRule {
  return { learningRate, steps: 1, end: 1 };
}

/**
 * Multiplies gradients by minus the learning rate of a schedule: the last part
 * of a chain that descends.
 *
 * @param schedule the learning rate
 * @returns the transformation, whose state counts the steps
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { descend, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const step = descend((count) => tf.add(count, 1));
 * const grads = { x: tf.scalar(5) };
 * const [first, state] = step.update(grads, step.init(grads), grads);
 * const [second] = step.update(grads, state, grads);
 * assertEquals([await first.x.array(), await second.x.array()], [-5, -10]);
 * ```
 */
export function descend(schedule: Schedule): Optimizer {
  return {
    init: (): Tree => ({ count: tf.scalar(0) }),
    update<P extends Tree>(grads: P, state: Tree): [P, Tree] {
      const { count } = state as { readonly count: Scalar };
      const factor = tf.neg(schedule(count));
      return [
        mapTree(([grad]) => tf.mul(grad!, factor), grads),
        { count: tf.add(count, 1) },
      ];
    },
  };
}
