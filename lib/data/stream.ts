// Things one after the other, as often as wanted: what combinators take and answer.
import { tf } from "../tensor/tf.ts";

/** Things to iterate over, as often as wanted: an array, batches, or what a combinator answers. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** Things that are made as they are asked for, anew in each iteration. */
export type Stream<T> = AsyncIterable<T> & {
  /** How many one iteration gives; `undefined` where that is not known, or has no end. */
  readonly length: number | undefined;
};

/**
 * A stream whose iterations are those of a generator function.
 *
 * @param length how many things one iteration gives, where that is known
 * @param iterate begins an iteration
 */
export function streamOf<T>(
  length: number | undefined,
  iterate: () => AsyncIterator<T, void, void>,
): Stream<T> {
  return { length, [Symbol.asyncIterator]: iterate };
}

/** How many things there are, where it is known: of batches the batches, and not the examples. */
export function lengthOf(items: Items<unknown>): number | undefined {
  const { length, batchCount } = items as {
    readonly length?: number;
    readonly batchCount?: number;
  };
  return batchCount ?? length;
}

/**
 * Refuses what can be iterated over but once, as a second epoch of it would be empty.
 *
 * @param action what cannot be done, for the message
 * @param items what is handed in
 * @throws {TypeError} where it is a generator's answer, or nothing to iterate over
 */
export function requireItems(action: string, items: Items<unknown>): void {
  const given = items as Partial<AsyncIterable<unknown> & Iterable<unknown>> & { next?: unknown };
  const isIterable = typeof given?.[Symbol.iterator] === "function" ||
    typeof given?.[Symbol.asyncIterator] === "function";
  if (isIterable && typeof given.next !== "function") return;
  const found = isIterable ? "an iterator, which ends once" : String(items);
  throw new TypeError(
    `Cannot ${action}: it must be possible to iterate over it again (see datasets.from): ` +
      `got ${found}`,
  );
}

/** Refuses a number that is not whole, or below the least. */
export function requireCount(action: string, what: string, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least) return;
  throw new RangeError(
    `Cannot ${action}: ${what} must be a whole number from ${least}, got ${count}`,
  );
}

/**
 * Frees the tensors of a thing that nobody will receive, in arrays and plain objects too.
 *
 * @param item the thing
 */
export function discardItem(item: unknown): void {
  if (item instanceof tf.Tensor) item.dispose();
  else if (Array.isArray(item)) item.forEach(discardItem);
  else if (item && Object.getPrototypeOf(item) === Object.prototype) {
    Object.values(item).forEach(discardItem);
  }
}
