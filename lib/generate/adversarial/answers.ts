// What a network answers to a batch: for each image the class scored highest, and its probability.
import type { Tensor } from "../../tensor/tensor.ts";

/** What a network answers to a batch. */
export type Answers = {
  /** The class scored highest, of equal ones the first. */
  readonly labels: readonly number[];
  /** Its probability. */
  readonly probabilities: readonly number[];
  /** All scores, row by row. */
  readonly logits: Float32Array;
};

/**
 * Reads a batch's answers.
 *
 * @param logits scores `[N, classes]`, which are used up
 * @throws {RangeError} where one is not a finite number
 */
export async function answersTo(logits: Tensor): Promise<Answers> {
  const [count, classes] = logits.shape as [number, number];
  const numbers = await logits.data() as Float32Array;
  logits.dispose();
  const wrong = numbers.findIndex((score) => !Number.isFinite(score));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot attack a network: its scores must be finite, got ${numbers[wrong]} of image ${
        Math.floor(wrong / classes)
      }`,
    );
  }
  const rows = Array.from(
    { length: count },
    (_, i) => numbers.subarray(i * classes, (i + 1) * classes),
  );
  const labels = rows.map((row) => row.reduce((best, x, i) => x > row[best]! ? i : best, 0));
  const probabilities = rows.map((row, i) =>
    1 / row.reduce((sum, x) => sum + Math.exp(x - row[labels[i]!]!), 0)
  );
  return { labels, probabilities, logits: numbers };
}
