// Makes the next items while the consumer of the last one waits, as for the GPU.
import { turns } from "../tensor/turns.ts";
import { requireWhole } from "../text/require.ts";
import {
  discardItem,
  type Items,
  lengthOf,
  requireItems,
  type Stream,
  streamOf,
} from "./stream.ts";

/**
 * Makes items ahead of their use, one after the other. They are begun in a task of their own, when
 * the consumer first waits for something; if it never waits, an item is begun when it is asked for.
 * If the loop ends early, the item under way is waited for, those that are ready are freed, and no
 * more are made.
 *
 * @param items the items
 * @param ahead how many are made ahead, at least 1; so many are in memory besides the one in use
 * @returns the stream, in the same order
 * @throws {RangeError} if `ahead` is not such a number
 * @throws {TypeError} if the items can be iterated over only once
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
  requireWhole("prefetch a data set", "the number ahead", ahead);
  return streamOf(lengthOf(items), async function* () {
    const iterator = iteratorOf(items);
    const turn = turns(); // Lets timers and signals run between two items.
    const begun: Promise<IteratorResult<T, unknown>>[] = [];
    let last: Promise<IteratorResult<T, unknown>> | undefined;
    let task: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    /** Makes one more once the last is made, and nothing after the end or an error. */
    const begin = (): void => {
      const before = last;
      last = (async () => {
        const previous = await before;
        if (stopped) return END;
        return previous?.done ? previous : await iterator.next();
      })();
      last.catch(() => {}); // Thrown when the item is asked for.
      begun.push(last);
    };
    try {
      while (true) {
        await turn();
        clearTimeout(task);
        if (begun.length === 0) begin();
        const { done, value } = await begun.shift()!;
        if (done) return;
        task = setTimeout(() => {
          while (begun.length < ahead) begin();
        });
        yield value;
      }
    } finally {
      clearTimeout(task);
      stopped = true;
      for (const result of await Promise.allSettled(begun)) {
        if (result.status === "fulfilled" && !result.value.done) discardItem(result.value.value);
      }
      await iterator.return?.();
    }
  });
}

const END: IteratorResult<never, unknown> = { done: true, value: undefined };

/** An iterator that returns promises, whatever the items are. */
async function* iteratorOf<T>(items: Items<T>): AsyncGenerator<T, void, void> {
  yield* items;
}
