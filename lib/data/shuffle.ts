// Items in a random order.
import { type Key, word } from "../tensor/random.ts";
import { requireOptions, requireWhole } from "../text/require.ts";
import {
  discardItem,
  type Items,
  lengthOf,
  requireItems,
  type Stream,
  streamOf,
} from "./stream.ts";

/** Options of {@linkcode shuffle}. */
export type ShuffleOptions = {
  /**
   * How many items are held to draw from, at least 1: the fewer, the nearer each stays to its old
   * place. Default: all, of which the number must be known.
   */
  readonly buffer?: number;
};

/**
 * Items in an order that is drawn from a key, the same in each iteration. One of the `buffer` items
 * that are held is drawn, and the next takes its place. If all are held, every order is equally
 * likely.
 *
 * @param items the items
 * @param key the randomness; `fold(key, epoch)` gives each epoch its own order
 * @param options how many items are held
 * @returns the stream
 * @throws {RangeError} if the buffer is not such a number, or absent and the length unknown
 * @throws {TypeError} if the items can be iterated over only once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data, key } from "@neocog/neocog";
 *
 * const shuffled = data.shuffle([1, 2, 3, 4], key(0));
 * const first = await Array.fromAsync(shuffled);
 * assertEquals(first.toSorted(), [1, 2, 3, 4]);
 * assertEquals(await Array.fromAsync(shuffled), first);
 * ```
 */
export function shuffle<T>(
  items: Items<T>,
  key: Key,
  options: ShuffleOptions = {},
): Stream<T> {
  requireOptions("shuffle a data set", options, { buffer: true });
  requireItems("shuffle a data set", items);
  const length = lengthOf(items);
  const buffer = options.buffer ?? length;
  if (buffer === undefined) {
    throw new RangeError(
      "Cannot shuffle a data set: a buffer must be given if its length is unknown, got undefined",
    );
  }
  if (options.buffer !== undefined) requireWhole("shuffle a data set", "the buffer", buffer);
  return streamOf(length, async function* () {
    const held: T[] = [];
    let drawn = 0;
    /** Takes one of the buffer out; the last, which may be the next, takes its place. */
    const draw = (): T => {
      const choices = Math.min(buffer, held.length);
      const at = Math.floor(word(key, drawn++) / 2 ** 32 * choices);
      const item = held[at]!;
      const last = held.pop()!;
      if (at < held.length) held[at] = last;
      return item;
    };
    try {
      for await (const item of items) {
        held.push(item);
        if (held.length > buffer) yield draw();
      }
      while (held.length > 0) yield draw();
    } finally {
      held.forEach(discardItem);
    }
  });
}
