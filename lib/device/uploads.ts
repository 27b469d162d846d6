// Numbers on their way from the host to the GPU, which a fault must not lose.
import type { tf } from "../tensor/tf.ts";

type BackendData = {
  resource?: unknown;
  values: tf.backend_util.BackendValues | null;
};

/** A tensor's numbers that were written to a buffer. */
type Upload = {
  readonly buffer: GPUBuffer;
  readonly data: BackendData;
  readonly values: BackendData["values"];
  /** The command buffer that was being recorded then. */
  readonly number: number;
};

/**
 * Uploads whose command buffer may still turn out to be spoilt. The buffer of such an upload may hold
 * anything, also the numbers of an earlier tensor, and its tensor would pass for sound.
 */
export type Uploads = {
  /** A tensor's numbers are written to a buffer, and the host is about to forget them. */
  add(upload: Upload): void;
  /** A command buffer and those before it were done without a fault. */
  forget(number: number): void;
  /** Gives tensors whose uploads came with a spoilt command buffer their numbers back. */
  restore(from: number): void;
};

/**
 * Makes an empty book.
 *
 * @param release takes a buffer that no tensor has any more
 */
export function uploads(release: (buffer: GPUBuffer) => void): Uploads {
  let pending: Upload[] = [];
  return {
    add: (upload) => void pending.push(upload),
    forget(number): void {
      pending = pending.filter((each) => each.number > number);
    },
    restore(from): void {
      for (const { buffer, data, values, number } of pending) {
        if (number < from || data.resource !== buffer) continue;
        delete data.resource;
        data.values = values;
        release(buffer);
      }
      pending = pending.filter((each) => each.number < from);
    },
  };
}
