// A learning rate that rises and falls once.
import { requireOptions, requirePositive, requireRange, requireWhole } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Schedule } from "./schedule.ts";

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
 * @throws {RangeError} if an option is out of range
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
  requireOptions("make a one-cycle schedule", options, {
    learningRate: true,
    steps: true,
    warmUp: true,
    divisor: true,
    finalDivisor: true,
  });
  const { learningRate, steps, warmUp = 0.25, divisor = 25, finalDivisor = 1e5 } = options;
  const action = "make a one-cycle schedule";
  requirePositive(action, "its learning rate", learningRate);
  requireWhole(action, "its steps", steps);
  requireRange(action, "its warmUp must be above 0 and below 1", warmUp > 0 && warmUp < 1, warmUp);
  for (const [name, value] of Object.entries({ divisor, finalDivisor })) {
    const holds = Number.isFinite(value) && value >= 1;
    requireRange(action, `its ${name} must be a finite number of at least 1`, holds, value);
  }
  const top = warmUp * steps;
  return (count) =>
    tf.tidy(() => {
      // While one half moves, the other stays at the highest rate.
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
