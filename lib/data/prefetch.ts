// Making the next item while the consumer of the last one waits for the GPU.
import { turns } from "../tensor/turns.ts";

/**
 * Items made one ahead of their use. The item after the one handed out is begun
 * in a task of its own, which runs when the consumer first waits for something
 * (as for the GPU); where it never waits, the item is begun when asked for. Timers
 * and signals are given their turns between two items.
 *
 * @param count how many items there are
 * @param make makes the item of an index, at once or as a promise
 * @returns the items in order; stopping early waits for what is under way, and leaves no task behind
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
  make: (index: number) => T | Promise<T>,
): AsyncGenerator<T, void, void> {
  let ahead: Promise<T> | undefined;
  let task: ReturnType<typeof setTimeout> | undefined;
  const turn = turns();
  // deno-lint-ignore require-await -- what `make` throws is to reject the promise
  const begin = async (index: number): Promise<T> => make(index);
  try {
    for (let index = 0; index < count; index++) {
      await turn();
      clearTimeout(task);
      const item = await (ahead ?? begin(index));
      ahead = undefined;
      if (index + 1 < count) {
        task = setTimeout((): void => {
          ahead = begin(index + 1);
          ahead.catch((): void => {}); // It is heard when the item is asked for.
        });
      }
      yield item;
    }
  } finally {
    clearTimeout(task);
    await ahead?.catch((): void => {});
  }
}
