// Sums of a loss and metrics over examples, and their means.
import type { Objective } from "./objective.ts";
import type { Totals } from "./training.ts";

/** The numbers of a batch: means, and how many predictions are correct. */
type BatchNumbers = {
  readonly loss: number;
  readonly correct: number;
  readonly metrics: { readonly [name: string]: number };
};

/** The sums with another batch. */
export function addTotals(before: Totals, batch: BatchNumbers, size: number): Totals {
  const metrics = Object.entries(batch.metrics).map(([name, value]) =>
    [name, (before.metrics?.[name] ?? 0) + value * size] as const
  );
  return {
    loss: before.loss + batch.loss * size,
    correct: before.correct + batch.correct,
    count: before.count + size,
    ...(metrics.length > 0 ? { metrics: Object.fromEntries(metrics) } : {}),
  };
}

/** Means over examples. */
export type Means = {
  readonly loss: number;
  /** Of a classifier: the share of examples whose class is scored highest, 0 to 1. */
  readonly accuracy?: number;
  /** The metrics by name; absent if there are none. */
  readonly metrics?: { readonly [name: string]: number };
};

/** The means that sums are. */
export function meansOf(
  { isClassifier, names }: Pick<Objective, "isClassifier" | "names">,
  { loss, correct, count, metrics = {} }: Totals,
): Means {
  const means = names.map((name) => [name, (metrics[name] ?? NaN) / count] as const);
  return {
    loss: loss / count,
    ...(isClassifier ? { accuracy: correct / count } : {}),
    ...(names.length > 0 ? { metrics: Object.fromEntries(means) } : {}),
  };
}
