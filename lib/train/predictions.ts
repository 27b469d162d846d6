// The class that a model predicts for each example, and its probability.
import { requireWhole } from "../text/require.ts";

/** A model's predictions for examples. */
export type Predictions = {
  /** The class with the highest score, `[N]`. */
  readonly predicted: Uint16Array;
  /** The probability of that class, by softmax, 0 to 1, `[N]`. */
  readonly probability: Float32Array;
  /** The probability of the true class, `[N]`. */
  readonly actual: Float32Array;
};

/** Predictions so far, and how often the true class had each rank. */
type RankedPredictions = Predictions & { readonly ranks: number[] };

/** Space for the predictions for `count` examples of `classes` classes. */
export function noPredictions(count: number, classes: number): RankedPredictions {
  return {
    predicted: new Uint16Array(count),
    probability: new Float32Array(count),
    actual: new Float32Array(count),
    ranks: new Array<number>(classes).fill(0),
  };
}

/** Adds the prediction for an example. */
export function addPrediction(
  gathered: RankedPredictions,
  index: number,
  scores: ArrayLike<number>,
  actual: number,
): void {
  const best = highest(scores);
  let total = 0;
  // Shifted by the largest, so that no score is too large.
  for (let i = 0; i < scores.length; i++) total += Math.exp(scores[i]! - scores[best]!);
  gathered.predicted[index] = best;
  gathered.probability[index] = 1 / total;
  gathered.actual[index] = Math.exp(scores[actual]! - scores[best]!) / total;
  gathered.ranks[rankOf(scores, actual)]!++;
}

function highest(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/** How many scores are above that of a class; ties count for the class that comes first. */
function rankOf(scores: ArrayLike<number>, index: number): number {
  let above = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! > scores[index]! || (scores[i] === scores[index] && i < index)) above++;
  }
  return above;
}

/**
 * The share of examples whose class is one of the `k` with the highest scores.
 *
 * @param evaluation what {@linkcode evaluate} returned
 * @param k how many classes count, from 1
 * @returns the share, 0 to 1; 1 if there are no more classes than `k`
 * @throws {RangeError} if `k` is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { topAccuracy } from "@neocog/neocog/report";
 *
 * // Of four examples, the right class came first twice, second once, and last once.
 * assertEquals(topAccuracy({ ranks: [2, 1, 0, 1], count: 4 }, 2), 0.75);
 * ```
 */
export function topAccuracy(
  { ranks, count }: { readonly ranks: readonly number[]; readonly count: number },
  k: number,
): number {
  requireWhole("take the top-k accuracy", "k", k);
  return ranks.slice(0, k).reduce((sum, found) => sum + found, 0) / count;
}
