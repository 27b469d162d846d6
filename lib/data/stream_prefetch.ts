// Things that are made before they are asked for.
import {
  discardItem,
  type Items,
  lengthOf,
  requireCount,
  requireItems,
  type Stream,
  streamOf,
} from "./stream.ts";

/**
 * Makes things ahead of their use: while one is worked on, the next ones are under way, one after
 * the other. Where the loop ends early the one under way is waited for, what is ready is freed,
 * and no more are made.
 *
 * @param items the things
 * @param ahead how many are made ahead, at least 1; so many are in memory besides the one in use
 * @returns the stream, in the same order
 * @throws {RangeError} where `ahead` is no such number
 * @throws {TypeError} where the things can be iterated over but once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data } from "@neocog/neocog";
 *
 * assertEquals(await Array.fromAsync(data.prefetch([1, 2, 3], 2)), [1, 2, 3]);
 * ```
 */
export function prefetch<T>(items: Items<T>, ahead = 1): Stream<T> {
  requireItems("prefetch a data set", items);
  requireCount("prefetch a data set", "the number ahead", ahead, 1);
  return streamOf(lengthOf(items), async function* () {
    const iterator = iteratorOf(items);
    const ready: Promise<IteratorResult<T, unknown>>[] = [];
    let last: Promise<IteratorResult<T, unknown>> | undefined;
    let stopped = false;
    /** Asks for one more once the last is there, and for nothing after the end or an error. */
    const ask = (): void => {
      const before = last;
      last = (async () => {
        const previous = await before;
        if (stopped) return END;
        return previous?.done ? previous : await iterator.next();
      })();
      last.catch(() => {}); // It is heard when it is asked for.
      ready.push(last);
    };
    try {
      for (let i = 0; i < ahead; i++) ask();
      while (true) {
        ask();
        const { done, value } = await ready.shift()!;
        if (done) return;
        yield value;
      }
    } finally {
      stopped = true;
      for (const result of await Promise.allSettled(ready)) {
        if (result.status === "fulfilled" && !result.value.done) discardItem(result.value.value);
      }
      await iterator.return?.();
    }
  });
}

const END: IteratorResult<never, unknown> = { done: true, value: undefined };

/** An iterator whose answers are promises. */
function iteratorOf<T>(
  items: Items<T>,
): { next(): Promise<IteratorResult<T, unknown>>; return?(): Promise<unknown> } {
  async function* all(): AsyncGenerator<T, void, void> {
    yield* items;
  }
  return all();
}
