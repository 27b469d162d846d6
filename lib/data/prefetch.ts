// Making the next item while the consumer of the last one waits for the GPU.

/**
 * Items made one ahead of their use. The item after the one handed out is made
 * in a task of its own, which runs when the consumer first waits for something
 * (as for the GPU); where it never waits, the item is made when asked for.
 *
 * @param count how many items there are
 * @param make makes the item of an index
 * @returns the items in order; stopping early leaves no task behind
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { prefetch } from "./prefetch.ts";
 *
 * assertEquals(await Array.fromAsync(prefetch(3, (i) => i * i)), [0, 1, 4]);
 * ```
 */
export async function* prefetch<T>(
  count: number,
  make: (index: number) => T,
): AsyncGenerator<T, void, void> {
  let ready: { readonly item: T } | undefined;
  let task: ReturnType<typeof setTimeout> | undefined;
  try {
    for (let index = 0; index < count; index++) {
      clearTimeout(task);
      const { item } = ready ?? { item: make(index) };
      ready = undefined;
      if (index + 1 < count) {
        task = setTimeout((): void => {
          try {
            ready = { item: make(index + 1) };
          } catch {
            // Nobody could catch it here: the item is made again, and throws, when asked for.
          }
        });
      }
      yield item;
    }
  } finally {
    clearTimeout(task);
  }
}
