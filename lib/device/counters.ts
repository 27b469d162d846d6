// What was given to the GPU, counted.
import { tf } from "../tensor/tf.ts";
import { GuardedBackend } from "./backend.ts";
import type { Counters } from "./encoding.ts";

export type { Counters };

const NOTHING: Counters = {
  dispatches: 0,
  copies: 0,
  submits: 0,
  uploadedBytes: 0,
  allocatedBytes: 0,
};

/**
 * What the GPU was given since {@linkcode start}: the difference of two calls is
 * the cost of what was done in between. All zeros on the CPU backend.
 *
 * @returns the sums
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counters } from "@neocog/neocog/device";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const before = counters().dispatches;
 * tf.ones([2]).square();
 * assertEquals(counters().dispatches - before, 0);
 * ```
 */
export function counters(): Counters {
  const backend: unknown = tf.backend();
  return backend instanceof GuardedBackend ? { ...backend.counted } : NOTHING;
}
