// Things in another order, as a key draws it.
import { type Key, word } from "../tensor/random.ts";
import {
  discardItem,
  type Items,
  lengthOf,
  requireCount,
  requireItems,
  type Stream,
  streamOf,
} from "./stream.ts";

/** Options of {@linkcode shuffle}. */
export type ShuffleOptions = {
  /**
   * How many things are held to draw from, at least 1: the fewer, the nearer to its old place each
   * stays. Default: all, of which the number must be known.
   */
  readonly buffer?: number;
};

/**
 * Things in an order that is drawn from a key: the same in each iteration. Of `buffer` things
 * that are held one is drawn, and the next takes its place; where all are held, each order is as
 * likely as another.
 *
 * @param items the things
 * @param key the randomness; `fold(key, epoch)` gives each epoch its own order
 * @param options how many things are held
 * @returns the stream
 * @throws {RangeError} where the buffer is no such number, or absent and the number of things unknown
 * @throws {TypeError} where the things can be iterated over but once
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
  requireItems("shuffle a data set", items);
  const length = lengthOf(items);
  const buffer = options.buffer ?? length;
  if (buffer === undefined) {
    throw new RangeError(
      "Cannot shuffle a data set: a buffer must be given where its length is not known: " +
        "got undefined",
    );
  }
  if (options.buffer !== undefined) requireCount("shuffle a data set", "the buffer", buffer, 1);
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
      held.forEach(discardItem); // Nobody receives them.
    }
  });
}
