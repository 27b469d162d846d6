// Weights of classes, so that rare ones count as much as frequent ones.
import type { Examples } from "../data/examples.ts";

/**
 * Weights of classes for {@linkcode weightedCrossEntropy} by their frequency: N / (classes · Nₖ), so
 * that all classes count equally and the mean weight of the examples is 1. scikit-learn's
 * `"balanced"`, after King and Zeng 2001.
 *
 * @param examples labels and class names
 * @returns a weight per class
 * @throws {RangeError} if a class has no examples: which ones
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classWeights } from "@neocog/neocog";
 *
 * const examples = { labels: new Uint8Array([0, 0, 0, 1]), classNames: ["cat", "dog"] };
 * assertEquals(classWeights(examples), [4 / 6, 2]);
 * ```
 */
export function classWeights(
  { labels, classNames }: Pick<Examples, "labels" | "classNames">,
): number[] {
  const counts = new Array<number>(classNames.length).fill(0);
  for (const label of labels) counts[label]!++;
  const empty = classNames.filter((_, i) => counts[i] === 0);
  if (empty.length > 0) {
    throw new RangeError(
      `Cannot weigh classes: each must have examples, got none of ${empty.slice(0, 10).join(", ")}`,
    );
  }
  return counts.map((count) => labels.length / (classNames.length * count));
}
