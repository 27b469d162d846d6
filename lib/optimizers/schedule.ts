// Learning rates that change with the step.
import { requirePositive } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Optimizer } from "./optimizer.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import type { RateRule } from "../tensor/update_trees.ts";

/**
 * A learning rate as a function of the steps taken, which are a tensor, so that a step
 * need not wait for the device to say how many there were.
 *
 * @param count steps taken before this one, shape `[]`
 * @returns the learning rate, shape `[]`
 */
export type Schedule = ((count: Scalar) => Scalar) & {
  /** The same as an equation, for devices to compute along with an update. */
  readonly rule?: RateRule;
};

/** A learning rate: one for all steps, or a schedule. */
export type LearningRate = number | Schedule;

/**
 * The learning rate as a schedule.
 *
 * @param rate a number above 0, or a schedule
 * @throws {RangeError} if it is a number that is not finite and above 0
 */
export function scheduleOf(optimizer: string, rate: LearningRate): Schedule {
  if (typeof rate === "function") return rate;
  requirePositive(`make ${optimizer}`, "its learning rate", rate);
  return Object.assign(() => tf.scalar(rate), { rule: { learningRate: rate, steps: 1, end: 1 } });
}

/**
 * The count of steps as a tensor on the device. From a count that the host knows, tfjs computes
 * the rate on the host, and rounds it differently than the device does; with this, the steps of
 * new, resumed and replayed (`jit`) runs are the same to the bit.
 */
export function onDevice(count: Scalar): Scalar {
  return tf.add(count, tf.fill([], 0));
}

/**
 * A rate for a fused step: an equation, if there is one and nothing multiplies it.
 *
 * @param count steps taken; absent if the rate is constant
 */
export function rateOf(
  schedule: Schedule,
  count: Scalar | undefined,
  factor?: Scalar,
): RateRule | Scalar {
  if (schedule.rule && !factor) return schedule.rule;
  const rate = schedule(count ? onDevice(count) : tf.scalar(0));
  return factor ? tf.mul(rate, factor) : rate;
}

/**
 * The learning rate of the last step taken.
 *
 * @param count steps taken; absent if the rate is constant
 */
export function lastRate(schedule: Schedule, count: Scalar | undefined): Scalar {
  return schedule(count ? tf.maximum(tf.sub(onDevice(count), 1), 0) : tf.scalar(0));
}

/**
 * Multiplies gradients by minus the learning rate of a schedule: the last part of a chain.
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
      const factor = tf.neg(schedule(onDevice(count)));
      return [
        mapTree(([grad]) => tf.mul(grad!, factor), grads),
        { count: tf.add(count, 1) },
      ];
    },
    learningRate: (state) => lastRate(schedule, (state as { readonly count: Scalar }).count),
  };
}
