// How good predictions are.
import { requireClassScores, requireWhole } from "../text/require.ts";
import { matchingRows } from "../tensor/matching_rows.ts";
import type { Scalar, Tensor2D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * The number of examples whose class has the highest score.
 *
 * @param logits scores, `[N, classes]`
 * @param targets one-hot labels, `[N, classes]`
 * @returns the count, as a tensor, so that nothing waits for the GPU
 * @throws {TypeError} if the shapes differ or are not `[N, classes]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { correctCount } from "@neocog/neocog/report";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const logits = tf.tensor2d([[2, 1], [3, 4]]);
 * assertEquals(await correctCount(logits, tf.tensor2d([[1, 0], [1, 0]])).array(), 1);
 * ```
 */
export function correctCount(logits: Tensor2D, targets: Tensor2D): Scalar {
  if (`${logits.shape}` !== `${targets.shape}` || logits.rank !== 2) {
    throw new TypeError(
      `Cannot count correct predictions: logits and targets must both be [N, classes], got [${logits.shape}] and [${targets.shape}]`,
    );
  }
  requireClassScores("count correct predictions", logits.shape);
  return tf.tidy(() => matchingRows(tf.cast(logits, "float32"), tf.cast(targets, "float32")));
}

/**
 * The classes with the highest scores.
 *
 * @param scores one number a class
 * @param count how many classes, from 1; all if there are fewer
 * @returns classes and scores, the highest first; of equal ones the first; NaN last
 * @throws {RangeError} if `count` is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { topClasses } from "@neocog/neocog/report";
 *
 * assertEquals(topClasses([0.1, 0.7, 0.2], 2).map(({ index }) => index), [1, 2]);
 * ```
 */
export function topClasses(
  scores: ArrayLike<number>,
  count: number,
): { index: number; score: number }[] {
  requireWhole("take the top classes", "their count", count);
  return Array.from(scores, (score, index) => ({ index, score }))
    .sort((a, b) => compareScores(a.score, b.score) || a.index - b.index)
    .slice(0, count);
}

/** Orders scores from high to low, NaN last. */
function compareScores(a: number, b: number): number {
  if (a === b) return 0; // Infinity less itself would be NaN.
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || b - a;
}

/** Counts of a classifier's predictions. */
export type Confusion = {
  /** `counts[actual][predicted]`. */
  readonly counts: readonly (readonly number[])[];
};

/**
 * The confusion matrix: how often each class was predicted for examples of each class.
 *
 * @param actual the true classes, `[N]`
 * @param predicted the predicted classes, `[N]`
 * @param classes how many classes there are
 * @returns `counts[actual][predicted]`
 * @throws {TypeError} if there are not as many predictions as examples
 * @throws {RangeError} if a class is not below `classes`, or `classes` is not at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { confusionMatrix } from "@neocog/neocog/report";
 *
 * assertEquals(confusionMatrix([0, 1, 1], [0, 1, 0], 2).counts, [[1, 0], [1, 1]]);
 * ```
 */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Confusion {
  if (actual.length !== predicted.length) {
    throw new TypeError(
      `Cannot make a confusion matrix: each example must have one prediction, got ${predicted.length} predictions of ${actual.length} examples`,
    );
  }
  requireWhole("make a confusion matrix", "the number of classes", classes);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < actual.length; i++) {
    const row = counts[actual[i]!];
    if (row?.[predicted[i]!] === undefined) {
      throw new RangeError(
        `Cannot make a confusion matrix: classes must be whole numbers from 0 to ${
          classes - 1
        }, got ${actual[i]} predicted as ${predicted[i]}`,
      );
    }
    row[predicted[i]!]!++;
  }
  return { counts };
}
