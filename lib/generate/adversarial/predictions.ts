// The predictions of a network for a batch, on the host.
import type { Tensor } from "../../tensor/tensor.ts";

/** The predictions for a batch. */
export type Predictions = {
  /** The class with the highest logit, the first of equals. */
  readonly labels: readonly number[];
  /** Its probability. */
  readonly probabilities: readonly number[];
  /** All logits, row by row. */
  readonly logits: Float32Array;
};

/**
 * Reads the predictions of a batch.
 *
 * @param logits `[N, classes]`, which are disposed of
 * @throws {RangeError} if one is not finite
 */
export async function readPredictions(logits: Tensor): Promise<Predictions> {
  const [count, classes] = logits.shape as [number, number];
  const numbers = await logits.data() as Float32Array;
  logits.dispose();
  const wrong = numbers.findIndex((logit) => !Number.isFinite(logit));
  if (wrong >= 0) {
    const image = Math.floor(wrong / classes);
    throw new RangeError(
      `Cannot attack a network: its logits must be finite, got ${numbers[wrong]} of image ${image}`,
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
