// Reads of a loop, each waited for while the device computes what comes next.
import { tf } from "./tf.ts";

/** The reads of a loop, at most one of which is under way. */
export type OneBehind = AsyncDisposable & {
  /**
   * Waits for the read that was begun before, and begins the next.
   *
   * @param result what the device was just given to compute, freed if the read before failed
   * @param read reads it, frees it, and does what follows
   */
  next<R>(result: R, read: (result: R) => Promise<void>): Promise<void>;
  /** Waits for the last read. */
  end(): Promise<void>;
};

/**
 * Has a loop give the device the next work before it waits for the numbers of the last: a read takes
 * 11 ms in Deno, whatever is computed. The reads are done one after the other, in order. To be
 * declared with `await using`, which waits for a read that is still under way when the loop fails.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tf, type Tensor } from "@neocog/neocog";
 * import { oneBehind } from "./one_behind.ts";
 *
 * await start({ backend: "cpu" });
 * const squares: number[] = [];
 * await using reads = oneBehind();
 * for (const x of [1, 2, 3]) {
 *   await reads.next(tf.square(x) as Tensor, async (square) => {
 *     squares.push((await square.data())[0]!);
 *     square.dispose();
 *   });
 * }
 * await reads.end();
 * assertEquals(squares, [1, 4, 9]);
 * ```
 */
export function oneBehind(): OneBehind {
  let pending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    const last = pending;
    pending = undefined;
    await last;
  };
  return {
    end,
    async next(result, read): Promise<void> {
      try {
        await end();
      } catch (error) {
        tf.dispose(result as tf.TensorContainer);
        throw error;
      }
      pending = read(result);
      pending.catch(() => {}); // Thrown where it is waited for.
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await end().catch(() => {}); // Something else has failed before.
    },
  };
}
