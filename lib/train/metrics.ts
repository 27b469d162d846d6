// How good predictions are.
import { matchingRows } from "../tensor/matching_rows.ts";
import type { Scalar, Tensor2D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * How many examples have their class scored highest.
 *
 * @param logits scores, `[N, classes]`
 * @param targets one-hot labels, `[N, classes]`
 * @returns the count, a tensor, so that nothing waits for the GPU
 * @throws {TypeError} where the shapes differ or are not `[N, classes]`
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
      `Cannot count right answers: logits and targets must both be [N, classes], got [${logits.shape}] and [${targets.shape}]`,
    );
  }
  return tf.tidy(() => matchingRows(tf.cast(logits, "float32"), tf.cast(targets, "float32")));
}

/**
 * The classes of an example in the order of their scores.
 *
 * @param scores one number a class
 * @param count how many classes to answer, from 1; all where there are fewer
 * @returns class and score, the highest first, of equal ones the first, NaN last
 * @throws {RangeError} where `count` is not a whole number of at least 1
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
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot take the top classes: their count must be a whole number of at least 1, got ${count}`,
    );
  }
  return Array.from(scores, (score, index) => ({ index, score }))
    .sort((a, b) => compareScores(a.score, b.score) || a.index - b.index)
    .slice(0, count);
}

/** Orders scores from high to low, NaN last. */
function compareScores(a: number, b: number): number {
  if (a === b) return 0; // Infinity less itself would be NaN.
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || b - a;
}

/** Counts of a classifier's answers. */
export type Confusion = {
  /** `counts[actual][predicted]`. */
  readonly counts: readonly (readonly number[])[];
};

/**
 * The confusion matrix: how often examples of each class were taken for each class.
 *
 * @param actual the true classes, `[N]`
 * @param predicted the answered classes, `[N]`
 * @param classes how many classes there are
 * @returns `counts[actual][predicted]`
 * @throws {TypeError} where there are not as many answers as examples
 * @throws {RangeError} where a class is not below `classes`, or `classes` not at least 1
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
      `Cannot make a confusion matrix: each example must have one answer, got ${predicted.length} answers of ${actual.length} examples`,
    );
  }
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new RangeError(
      `Cannot make a confusion matrix: there must be a whole number of classes, at least 1, got ${classes}`,
    );
  }
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < actual.length; i++) {
    const row = counts[actual[i]!];
    if (row?.[predicted[i]!] === undefined) {
      throw new RangeError(
        `Cannot make a confusion matrix: classes must be whole numbers from 0 to ${
          classes - 1
        }, got ${actual[i]} answered ${predicted[i]}`,
      );
    }
    row[predicted[i]!]!++;
  }
  return { counts };
}
