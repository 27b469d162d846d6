// Learning rates along half a cosine, once or again and again.
import { requireOptions, requirePositive, requireRange, requireWhole } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Schedule } from "./schedule.ts";

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
 * @throws {RangeError} if an option is out of range
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
  requireOptions("make a cosine decay", options, { learningRate: true, steps: true, end: true });
  const { learningRate, steps, end = 0 } = options;
  requirePositive("make a cosine decay", "its learning rate", learningRate);
  requireWhole("make a cosine decay", "its steps", steps);
  requireRange("make a cosine decay", "its end must be from 0 to 1", end >= 0 && end <= 1, end);
  const rateAt = (count: Scalar): Scalar =>
    tf.tidy(() => {
      const angle = tf.mul(tf.minimum(count, steps), Math.PI / steps);
      const share = tf.mul(tf.add(tf.cos(angle), 1), (1 - end) / 2);
      return tf.mul(tf.add(share, end), learningRate) as Scalar;
    });
  return Object.assign(rateAt, { rule: { learningRate, steps, end } });
}

/** Options of {@linkcode cosineRestarts}. */
export type CosineRestartsOptions = {
  /** The learning rate at each start, above 0. */
  readonly learningRate: number;
  /** Steps until the first restart, from 1. */
  readonly steps: number;
  /** How many times as long each round is as the one before, a whole number from 1. Default: 1. */
  readonly growth?: number;
  /** The learning rate that a round falls to as a share of the first, 0 to 1. Default: 0. */
  readonly end?: number;
};

/**
 * A learning rate that falls along half a cosine, and starts again from the top, in rounds that
 * may grow: with warm restarts (Loshchilov and Hutter, "SGDR", ICLR 2017, §3). It has no end.
 *
 * @param options rate at the starts, length and growth of rounds, end of each
 * @returns the schedule
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { cosineRestarts, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const schedule = cosineRestarts({ learningRate: 0.1, steps: 10, growth: 2 });
 * const rates = [5, 10, 20].map((step) => schedule(tf.scalar(step)));
 * assertAlmostEquals(await rates[0]!.array(), 0.05, 1e-6);
 * assertAlmostEquals(await rates[1]!.array(), 0.1, 1e-6); // 20 steps begin.
 * assertAlmostEquals(await rates[2]!.array(), 0.05, 1e-6);
 * ```
 */
export function cosineRestarts(options: CosineRestartsOptions): Schedule {
  requireOptions("make cosine restarts", options, {
    learningRate: true,
    steps: true,
    growth: true,
    end: true,
  });
  const { learningRate, steps, growth = 1, end = 0 } = options;
  requirePositive("make cosine restarts", "its learning rate", learningRate);
  requireWhole("make cosine restarts", "its steps", steps);
  requireWhole("make cosine restarts", "its growth", growth);
  requireRange("make cosine restarts", "its end must be from 0 to 1", end >= 0 && end <= 1, end);
  return (count) =>
    tf.tidy(() => {
      const [begin, length] = roundAt(count, steps, growth);
      const share = tf.div(tf.sub(count, begin), length);
      const wave = tf.mul(tf.add(tf.cos(tf.mul(share, Math.PI)), 1), (1 - end) / 2);
      return tf.mul(tf.add(wave, end), learningRate) as Scalar;
    });
}

/**
 * Where the round of a step begins, and its length: round i begins at T (gⁱ − 1) / (g − 1). Half a
 * step is added before fractions are cut off, so that inexact division and logarithms cut none short.
 */
function roundAt(count: Scalar, steps: number, growth: number): [Scalar, Scalar] {
  const inside = tf.add(count, 0.5);
  if (growth === 1) {
    const begin = tf.mul(tf.floor(tf.div(inside, steps)), steps);
    return [begin as Scalar, tf.scalar(steps)];
  }
  const powers = tf.add(tf.mul(inside, (growth - 1) / steps), 1);
  const round = tf.floor(tf.div(tf.log(powers), Math.log(growth)));
  const power = tf.round(tf.pow(growth, round)); // Powers of whole numbers are whole.
  const begin = tf.mul(tf.sub(power, 1), steps / (growth - 1));
  return [tf.round(begin) as Scalar, tf.mul(power, steps) as Scalar];
}
