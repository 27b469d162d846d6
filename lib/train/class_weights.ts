// How much the examples of each class count, so that rare classes are not passed over.
import type { Examples } from "../data/examples.ts";

/**
 * Weights of classes for {@linkcode weightedCrossEntropy} by how often each is there:
 * N / (classes · Nₖ), so that all classes count alike and the mean weight of the examples
 * is 1. scikit-learn's `"balanced"`, after King and Zeng 2001.
 *
 * @param examples labels, and the names of the classes
 * @param rule the only one there is
 * @returns a weight a class
 * @throws {RangeError} where a class has no examples: which ones
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
  rule: "balanced" = "balanced",
): number[] {
  if (rule !== "balanced") {
    throw new RangeError(
      `Cannot weigh classes: the rule must be "balanced", got ${rule}`,
    );
  }
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
