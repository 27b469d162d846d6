// A sweep of learning rates on the host: its rates, when it ends, what is read off its curve.
import type { Schedule } from "../../optimizers/schedule.ts";
import type { Scalar } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { requirePositive, requireRange, requireWhole } from "../../text/require.ts";

/** The range of a sweep. */
export type Sweep = {
  /** The first learning rate, above 0. Default: 1e-7. */
  readonly from?: number;
  /** The last learning rate, above `from`. Default: 10. */
  readonly to?: number;
  /** Steps from the one to the other, at least 10. Default: 100. */
  readonly steps?: number;
  /** Share of the average that is kept when losses are smoothed, from 0 up to but not including 1. Default: 0.9. */
  readonly smoothing?: number;
  /** How many times its least the smoothed loss may be before the sweep ends, above 1. Default: 4. */
  readonly divergence?: number;
};

/** The fewest steps: fewer say nothing of a range of eight decades. */
const FEWEST = 10;

/**
 * The range with its defaults.
 *
 * @throws {RangeError} if an option is out of range
 */
export function requireSweep(options: Sweep): Required<Sweep> {
  const { from = 1e-7, to = 10, steps = 100, smoothing = 0.9, divergence = 4 } = options;
  const action = "find a learning rate";
  requirePositive(action, "its from", from);
  const rises = Number.isFinite(to) && to > from;
  requireRange(action, `its to must be a finite number above its from, ${from}`, rises, to);
  requireWhole(action, "its steps", steps, FEWEST);
  const isShare = smoothing >= 0 && smoothing < 1;
  requireRange(
    action,
    "its smoothing must be from 0 up to but not including 1",
    isShare,
    smoothing,
  );
  requireRange(action, "its divergence must be above 1", divergence > 1, divergence);
  return { from, to, steps, smoothing, divergence };
}

/** The learning rates, which rise by the same factor at each step. */
export function ratesOf({ from, to, steps }: Required<Sweep>): number[] {
  return Array.from({ length: steps }, (_, i) => from * (to / from) ** (i / (steps - 1)));
}

/** The same as a schedule. */
export function risingRate({ from, to, steps }: Required<Sweep>): Schedule {
  const growth = Math.log(to / from) / (steps - 1);
  return (count) => tf.tidy(() => tf.mul(tf.exp(tf.mul(count, growth)), from) as Scalar);
}

/** The losses' exponential moving average, over what of its weights there is. */
export function smooth(
  losses: readonly number[],
  { smoothing }: Required<Sweep>,
): { smoothed: number[] } {
  let mean = 0;
  const smoothed = losses.map((loss, i) => {
    mean = smoothing * mean + (1 - smoothing) * loss;
    return mean / (1 - smoothing ** (i + 1));
  });
  return { smoothed };
}

/**
 * Why a sweep ends with its last loss, if it does.
 *
 * @throws {RangeError} if the first loss is no number
 */
export function endOf(
  losses: readonly number[],
  sweep: Required<Sweep>,
): "no number" | "divergence" | "done" | undefined {
  const last = losses.at(-1)!;
  if (!Number.isFinite(last)) {
    if (losses.length > 1) return "no number";
    throw new RangeError(
      `Cannot find a learning rate: the first loss must be a finite number, got ${last}`,
    );
  }
  const { smoothed } = smooth(losses, sweep);
  if (smoothed.at(-1)! > sweep.divergence * Math.min(...smoothed)) return "divergence";
  return losses.length === sweep.steps ? "done" : undefined;
}

/** By how much the smoothed loss must fall for the curve to say anything. */
const LEAST_FALL = 0.05;

/** What is read off a curve. */
export type Suggestion = {
  readonly steepest: number | undefined;
  readonly tenthOfLeast: number | undefined;
  readonly suggestion: number | undefined;
};

/**
 * Where the smoothed loss falls most steeply before its least, a tenth of the rate of its least,
 * and the smaller of both. The first tenth of the curve is left out: there the average is of a few
 * losses, which fall by chance.
 */
export function suggestionOf(
  { rates, smoothed }: { readonly rates: readonly number[]; readonly smoothed: readonly number[] },
): Suggestion {
  const first = Math.floor(rates.length / 10);
  const curve = smoothed.slice(first);
  const least = curve.indexOf(Math.min(...curve));
  if (!(curve[least]! <= (1 - LEAST_FALL) * curve[0]!)) {
    return { steepest: undefined, tenthOfLeast: undefined, suggestion: undefined };
  }
  // From one step to the next, as all are as far apart on the logarithm's axis.
  const falls = curve.slice(1, least + 1).map((loss, i) => curve[i]! - loss);
  const steepest = rates[first + falls.indexOf(Math.max(...falls))]!;
  const tenthOfLeast = rates[first + least]! / 10;
  return { steepest, tenthOfLeast, suggestion: Math.min(steepest, tenthOfLeast) };
}
