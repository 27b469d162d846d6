// Data sets made of data sets, lazily, for your own training loop.
import { requireOptions, requireWhole } from "../text/require.ts";
import { type Examples, imageSize } from "./examples.ts";
import { checkExamples, type ImageSource, isSource, readImages } from "./image_source.ts";
import {
  discardItem,
  type Items,
  lengthOf,
  requireItems,
  type Stream,
  streamOf,
} from "./stream.ts";

export type { Items, Stream } from "./stream.ts";
export { prefetch } from "./prefetch.ts";
export { shuffle, type ShuffleOptions } from "./shuffle.ts";

/**
 * A stream of the items that a function returns: an array, or a generator, which is begun anew for
 * every iteration.
 *
 * @param make returns the items
 * @param length how many there are, if it is known
 * @returns the stream
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data } from "@neocog/neocog";
 *
 * const squares = data.from(function* () {
 *   for (let i = 0; i < 3; i++) yield i * i;
 * });
 * assertEquals(await Array.fromAsync(squares), [0, 1, 4]);
 * assertEquals(await Array.fromAsync(squares), [0, 1, 4]);
 * ```
 */
export function from<T>(make: () => Items<T>, length?: number): Stream<T> {
  return streamOf(length, async function* () {
    yield* make();
  });
}

/**
 * Labeled images one at a time; those of a source are read when they are asked for.
 *
 * @param source examples in memory, or a source
 * @returns a stream of pixels, 0 to 255, `[H, W, C]`, and labels
 * @throws {TypeError | RangeError} if pixels, labels and shape do not match
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data } from "@neocog/neocog";
 *
 * const two = {
 *   name: "two pixels",
 *   images: new Uint8Array([7, 8]),
 *   labels: new Uint8Array([1, 0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const [first] = await Array.fromAsync(data.examples(two));
 * assertEquals([first!.pixels[0], first!.label], [7, 1]);
 * ```
 */
export function examples(
  source: Examples | ImageSource,
): Stream<{ readonly pixels: Uint8Array; readonly label: number }> {
  checkExamples(source);
  const size = imageSize(source);
  return streamOf(source.labels.length, async function* () {
    for (const [i, label] of source.labels.entries()) {
      const pixels = isSource(source)
        ? await readImages(source, new Uint32Array([i]))
        : source.images.slice(i * size, (i + 1) * size);
      yield { pixels, label };
    }
  });
}

/**
 * The results of a function for each item. If it throws, the item's tensors are freed.
 *
 * @param items the items
 * @param change the function, which owns its argument; it may return a promise
 * @returns the stream
 * @throws {TypeError} if the items can be iterated over only once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data } from "@neocog/neocog";
 *
 * const doubled = data.map([1, 2], (x) => 2 * x);
 * assertEquals([doubled.length, await Array.fromAsync(doubled)], [2, [2, 4]]);
 * ```
 */
export function map<T, U>(
  items: Items<T>,
  change: (item: T, index: number) => U | Promise<U>,
): Stream<U> {
  requireItems("map a data set", items);
  return streamOf(lengthOf(items), async function* () {
    let index = 0;
    for await (const item of items) {
      let changed: U;
      try {
        changed = await change(item, index++);
      } catch (error) {
        discardItem(item);
        throw error;
      }
      yield changed;
    }
  });
}

/**
 * Groups items into arrays.
 *
 * @param items the items
 * @param size how many are in an array, at least 1
 * @param options whether a last array that is not full is left out
 * @returns the stream
 * @throws {RangeError} if the size is not such a number
 * @throws {TypeError} if the items can be iterated over only once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data } from "@neocog/neocog";
 *
 * assertEquals(await Array.fromAsync(data.batch([1, 2, 3], 2)), [[1, 2], [3]]);
 * ```
 */
export function batch<T>(
  items: Items<T>,
  size: number,
  options: { readonly dropRemainder?: boolean } = {},
): Stream<T[]> {
  requireOptions("batch a data set", options, { dropRemainder: true });
  requireItems("batch a data set", items);
  requireWhole("batch a data set", "the size", size);
  const { dropRemainder = false } = options;
  const count = lengthOf(items);
  const length = count === undefined
    ? undefined
    : dropRemainder
    ? Math.floor(count / size)
    : Math.ceil(count / size);
  return streamOf(length, async function* () {
    let held: T[] = [];
    try {
      for await (const item of items) {
        held.push(item);
        if (held.length < size) continue;
        const full = held;
        held = [];
        yield full;
      }
      const rest = held;
      if (rest.length === 0 || dropRemainder) return;
      held = [];
      yield rest;
    } finally {
      discardItem(held);
    }
  });
}

/**
 * The first items; no more are made.
 *
 * @param items the items
 * @param count how many, at least 0
 * @returns the stream
 * @throws {RangeError} if the count is not such a number
 * @throws {TypeError} if the items can be iterated over only once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data } from "@neocog/neocog";
 *
 * assertEquals(await Array.fromAsync(data.take(data.repeat([1, 2]), 3)), [1, 2, 1]);
 * ```
 */
export function take<T>(items: Items<T>, count: number): Stream<T> {
  requireItems("take of a data set", items);
  requireWhole("take of a data set", "the count", count, 0);
  const known = lengthOf(items);
  const length = known === undefined ? undefined : Math.min(count, known);
  return streamOf(length, async function* () {
    let left = count;
    if (left === 0) return;
    for await (const item of items) {
      yield item;
      if (--left === 0) return;
    }
  });
}

/**
 * Joins data sets, one after the other.
 *
 * @param parts the data sets
 * @returns the stream
 * @throws {TypeError} if one can be iterated over only once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data } from "@neocog/neocog";
 *
 * assertEquals(await Array.fromAsync(data.concat([1], [2, 3])), [1, 2, 3]);
 * ```
 */
export function concat<T>(...parts: readonly Items<T>[]): Stream<T> {
  for (const part of parts) requireItems("concatenate data sets", part);
  const length = parts.reduce<number | undefined>((sum, part) => {
    const count = lengthOf(part);
    return sum === undefined || count === undefined ? undefined : sum + count;
  }, 0);
  return streamOf(length, async function* () {
    for (const part of parts) yield* part;
  });
}

/**
 * Repeats a data set.
 *
 * @param items the items, or a function that returns those of each epoch, counted from 0: to
 * shuffle each epoch in another order
 * @param times how often, at least 0. Default: without end
 * @returns the stream
 * @throws {RangeError} if `times` is not such a number; in the loop, if an empty data set is
 * repeated without end
 * @throws {TypeError} if the items can be iterated over only once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { data, fold, key } from "@neocog/neocog";
 *
 * const shuffled = data.repeat(
 *   (epoch) => data.shuffle([1, 2, 3], fold(key(0), epoch)),
 *   2,
 * );
 * const seen = await Array.fromAsync(shuffled);
 * assertEquals(seen.slice(0, 3).sort(), [1, 2, 3]);
 * assertEquals(seen.slice(3).sort(), [1, 2, 3]);
 * ```
 */
export function repeat<T>(
  items: Items<T> | ((epoch: number) => Items<T>),
  times?: number,
): Stream<T> {
  if (times !== undefined) requireWhole("repeat a data set", "the times", times, 0);
  if (typeof items !== "function") requireItems("repeat a data set", items);
  const once = typeof items === "function" ? undefined : lengthOf(items);
  const length = times === undefined || once === undefined ? undefined : times * once;
  return streamOf(length, async function* () {
    for (let epoch = 0; epoch < (times ?? Infinity); epoch++) {
      let isEmpty = true;
      for await (const item of typeof items === "function" ? items(epoch) : items) {
        isEmpty = false;
        yield item;
      }
      if (isEmpty && times === undefined) {
        throw new RangeError(
          "Cannot repeat a data set without end: it must hold something, got nothing",
        );
      }
    }
  });
}
