// Learning rates made of others: one after another, and a warm-up before one.
import { requireOptions, requireRange, requireWhole } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { type LearningRate, type Schedule, scheduleOf } from "./schedule.ts";

/** The step that a piece begins at, and the learning rate from there on. */
export type SchedulePiece = readonly [from: number, rate: LearningRate];

/**
 * Learning rates one after another: numbers, or schedules that count from where they begin. With
 * numbers it is PyTorch's `MultiStepLR`. The last one has no end.
 *
 * @param pieces the step that each begins at, the first at 0, and its rate
 * @returns the schedule
 * @throws {RangeError} if there is none, or steps are not whole numbers that rise from 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { piecewise, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const schedule = piecewise([[0, 0.1], [300, 0.01], [400, 0.001]]);
 * assertAlmostEquals(await schedule(tf.scalar(299)).array(), 0.1, 1e-6);
 * assertAlmostEquals(await schedule(tf.scalar(300)).array(), 0.01, 1e-6);
 * assertAlmostEquals(await schedule(tf.scalar(9999)).array(), 0.001, 1e-6);
 * ```
 */
export function piecewise(pieces: readonly SchedulePiece[]): Schedule {
  const starts = pieces.map(([from]) => from);
  const rising = starts.every((from, i) =>
    i === 0 ? from === 0 : Number.isSafeInteger(from) && from > starts[i - 1]!
  );
  requireRange(
    "make a piecewise schedule",
    "its steps must be whole numbers that rise from 0",
    pieces.length > 0 && rising,
    starts.join(", ") || "none",
  );
  const schedules = pieces.map(([, rate]) => scheduleOf("a piecewise schedule", rate));
  return (count) =>
    tf.tidy(() => {
      const rates = schedules.map((schedule, i) => schedule(since(count, starts[i]!)));
      return rates.reduce((before, rate, i) =>
        tf.where(tf.greaterEqual(count, starts[i]!), rate, before)
      );
    });
}

/** Options of {@linkcode warmUp}. */
export type WarmUpOptions = {
  /** The first learning rate as a share of the one after the warm-up, 0 to 1. Default: 0.01. */
  readonly start?: number;
};

/**
 * A learning rate that rises linearly to the first of a schedule, and then follows it, as
 * PyTorch's `LinearLR` before another schedule (Goyal et al., "Accurate, large minibatch SGD",
 * 2017, §2.2).
 *
 * @param steps steps until the schedule begins, from 1
 * @param rate the schedule, which counts from its beginning, or a number
 * @param options the first rate
 * @returns the schedule
 * @throws {RangeError} if the steps are not a whole number from 1, or the start not from 0 to 1
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { cosineDecay, start, tf, warmUp } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const cosine = cosineDecay({ learningRate: 0.4, steps: 100 });
 * const schedule = warmUp(10, cosine, { start: 0.5 });
 * assertAlmostEquals(await schedule(tf.scalar(5)).array(), 0.3, 1e-6);
 * assertAlmostEquals(await schedule(tf.scalar(10)).array(), 0.4, 1e-6);
 * assertAlmostEquals(await schedule(tf.scalar(60)).array(), 0.2, 1e-6);
 * ```
 */
export function warmUp(
  steps: number,
  rate: LearningRate,
  options: WarmUpOptions = {},
): Schedule {
  requireOptions("make a warm-up", options, { start: true });
  const { start = 0.01 } = options;
  requireWhole("make a warm-up", "its steps", steps);
  requireRange("make a warm-up", "its start must be from 0 to 1", start >= 0 && start <= 1, start);
  const schedule = scheduleOf("a warm-up", rate);
  return (count) =>
    tf.tidy(() => {
      const risen = tf.add(tf.mul(tf.minimum(tf.div(count, steps), 1), 1 - start), start);
      return tf.mul(schedule(since(count, steps)), risen) as Scalar;
    });
}

/** Steps since a beginning; 0 before it. */
function since(count: Scalar, from: number): Scalar {
  return (from === 0 ? count : tf.relu(tf.sub(count, from))) as Scalar;
}
