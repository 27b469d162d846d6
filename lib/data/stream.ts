// Items one after the other, as often as needed: what combinators take and return.
import { tf } from "../tensor/tf.ts";

/** Items to iterate over any number of times: an array, batches, or a combinator's stream. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** Items that are made when they are asked for, anew in each iteration. */
export type Stream<T> = AsyncIterable<T> & {
  /** The number of items in one iteration; `undefined` if it is unknown or infinite. */
  readonly length: number | undefined;
};

/**
 * A stream whose iterations are those of a generator function.
 *
 * @param length the number of items in one iteration, if it is known
 */
export function streamOf<T>(
  length: number | undefined,
  iterate: () => AsyncIterator<T, void, void>,
): Stream<T> {
  return { length, [Symbol.asyncIterator]: iterate };
}

/** The number of items, if it is known: of batches the number of batches, not of examples. */
export function lengthOf(items: Items<unknown>): number | undefined {
  const { length, batchCount } = items as {
    readonly length?: number;
    readonly batchCount?: number;
  };
  return batchCount ?? length;
}

/**
 * Refuses what can be iterated over only once, as a second epoch of it would be empty.
 *
 * @throws {TypeError} if it is an iterator, or cannot be iterated over
 */
export function requireItems(action: string, items: Items<unknown>): void {
  const given = items as Partial<AsyncIterable<unknown> & Iterable<unknown>> & { next?: unknown };
  const isIterable = typeof given?.[Symbol.iterator] === "function" ||
    typeof given?.[Symbol.asyncIterator] === "function";
  if (isIterable && typeof given.next !== "function") return;
  const found = isIterable
    ? "an iterator, which ends once. Give the function that makes it: data.from(function)"
    : String(items);
  throw new TypeError(
    `Cannot ${action}: it must be possible to iterate over it again (see data.from), got ${found}`,
  );
}

/** Frees the tensors of an item that nobody will receive, including those in arrays and objects. */
export function discardItem(item: unknown): void {
  if (item instanceof tf.Tensor) item.dispose();
  else if (Array.isArray(item)) item.forEach(discardItem);
  else if (item && Object.getPrototypeOf(item) === Object.prototype) {
    Object.values(item).forEach(discardItem);
  }
}
