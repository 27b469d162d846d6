// Learning rates that are multiplied by a factor, in steps or smoothly.
import { requireOptions, requirePositive, requireRange, requireWhole } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Schedule } from "./schedule.ts";

/** Options of {@linkcode stepDecay} and {@linkcode exponentialDecay}. */
export type DecayScheduleOptions = {
  /** The first learning rate, above 0. */
  readonly learningRate: number;
  /** Steps for one multiplication, from 1. */
  readonly every: number;
  /** The factor, above 0 and below 1. Default: 0.1. */
  readonly factor?: number;
  /** The last learning rate as a share of the first, 0 to 1; it falls no further. Default: 0. */
  readonly end?: number;
};

/**
 * A learning rate that is multiplied by a factor every so many steps, η(t) = η · fᵏ with
 * k = ⌊t / T⌋, as PyTorch's `StepLR` (§12.7.6 divides by 10).
 *
 * @param options first rate, steps between, factor, end
 * @returns the schedule
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { start, stepDecay, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const schedule = stepDecay({ learningRate: 0.1, every: 30 });
 * assertAlmostEquals(await schedule(tf.scalar(29)).array(), 0.1, 1e-6);
 * assertAlmostEquals(await schedule(tf.scalar(60)).array(), 0.001, 1e-8);
 * ```
 */
export function stepDecay(options: DecayScheduleOptions): Schedule {
  // Half a step, so that an inexact division cuts no whole number short.
  return decay(
    "a step decay",
    options,
    (count, every) => tf.floor(tf.div(tf.add(count, 0.5), every)),
  );
}

/**
 * A learning rate that falls smoothly by a factor every so many steps, η(t) = η · f^(t / T); with
 * `every: 1` it is PyTorch's `ExponentialLR`.
 *
 * @param options first rate, steps of a factor, factor, end
 * @returns the schedule
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { exponentialDecay, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const schedule = exponentialDecay({ learningRate: 0.1, every: 10, factor: 0.25 });
 * assertAlmostEquals(await schedule(tf.scalar(5)).array(), 0.05, 1e-6);
 * ```
 */
export function exponentialDecay(options: DecayScheduleOptions): Schedule {
  return decay("an exponential decay", options, (count, every) => tf.div(count, every));
}

function decay(
  name: string,
  options: DecayScheduleOptions,
  powerAt: (count: Scalar, every: number) => tf.Tensor,
): Schedule {
  const action = `make ${name}`;
  requireOptions(action, options, { learningRate: true, every: true, factor: true, end: true });
  const { learningRate, every, factor = 0.1, end = 0 } = options;
  requirePositive(action, "its learning rate", learningRate);
  requireWhole(action, "its steps", every);
  requireRange(action, "its end must be from 0 to 1", end >= 0 && end <= 1, end);
  requireRange(action, "its factor must be above 0 and below 1", factor > 0 && factor < 1, factor);
  return (count) =>
    tf.tidy(() => {
      const share = tf.exp(tf.mul(powerAt(count, every), Math.log(factor)));
      return tf.mul(tf.maximum(share, end), learningRate) as Scalar;
    });
}
