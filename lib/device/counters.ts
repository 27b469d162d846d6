// What was given to the GPU, counted.
import { tf } from "../tensor/tf.ts";
import { GuardedBackend } from "./backend.ts";

/** Sums since the device was started. */
export type Counters = {
  /** Dispatches of compute programs. */
  readonly dispatches: number;
  /** Copies from buffer to buffer or to texture. */
  readonly copies: number;
  /** Submits to the queue. */
  readonly submits: number;
  /** Bytes handed from the host to the GPU: tensors, numbers of programs. */
  readonly uploadedBytes: number;
  /** Bytes of GPU memory asked of the driver; what is used again counts once. */
  readonly allocatedBytes: number;
};

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
