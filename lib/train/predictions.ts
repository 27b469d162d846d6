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

/** Predictions of batches, one after the other. */
export type Gathered = {
  /** Adds a batch: its scores, `[B, classes]`, and its classes. */
  add(scores: Float32Array, actual: ArrayLike<number>): void;
  /** What there is: also how often the true class had each rank, and the true classes. */
  result(): {
    readonly predictions: Predictions;
    readonly ranks: readonly number[];
    readonly actual: readonly number[];
  };
};

/** Gathers the predictions of batches. */
export function gatherPredictions(): Gathered {
  const [predicted, probability, actual]: [number[], number[], number[]] = [[], [], []];
  const all: number[] = [];
  const ranks: number[] = [];
  return {
    add(scores, classes) {
      const width = scores.length / classes.length;
      while (ranks.length < width) ranks.push(0);
      for (let i = 0; i < classes.length; i++) {
        const row = scores.subarray(i * width, (i + 1) * width);
        const own = classes[i]!;
        const best = highest(row);
        let total = 0;
        // Shifted by the largest, so that no score is too large.
        for (const score of row) total += Math.exp(score - row[best]!);
        if (Number.isNaN(total)) throw notFinite(row, all.length);
        predicted.push(best);
        probability.push(1 / total);
        actual.push(Math.exp(row[own]! - row[best]!) / total);
        all.push(own);
        ranks[rankOf(row, own)]!++;
      }
    },
    result: () => ({
      predictions: {
        predicted: Uint16Array.from(predicted),
        probability: Float32Array.from(probability),
        actual: Float32Array.from(actual),
      },
      ranks,
      actual: all,
    }),
  };
}

/** A NaN has no rank: the classes beside it would pass for right ones. */
function notFinite(scores: Float32Array, example: number): RangeError {
  const wrong = scores.find((score) => Number.isNaN(score)) ?? Infinity;
  return new RangeError(
    `Cannot evaluate: a model's scores must be numbers below Infinity, got ${wrong} of example ${example}`,
  );
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
