// Parts labeled things at random, the same fraction of each class.
import { fold, type Key, permutation } from "../tensor/random.ts";

/**
 * Parts things into those to train on and those to test with, by class. What is drawn of a class
 * depends on the key, its name and its count alone: another class changes nothing.
 *
 * @param all the things, at least two of each class
 * @param classNames the names of the classes
 * @param fraction the part of each class to test with; at least one, and never all
 * @param key the randomness
 * @returns both parts, in the order that they had
 */
export function splitByClass<T extends { readonly label: number }>(
  all: readonly T[],
  classNames: readonly string[],
  fraction: number,
  key: Key,
): { readonly train: readonly T[]; readonly test: readonly T[] } {
  const drawn = new Set<T>();
  const byClass = Map.groupBy(all, ({ label }) => label);
  for (const [label, those] of byClass) {
    const count = Math.min(those.length - 1, Math.max(1, Math.round(those.length * fraction)));
    const order = permutation(fold(key, classNames[label]!), those.length);
    for (const at of order.subarray(0, count)) drawn.add(those[at]!);
  }
  const isDrawn = (one: T): boolean => drawn.has(one);
  return { train: all.filter((one) => !isDrawn(one)), test: all.filter(isDrawn) };
}
