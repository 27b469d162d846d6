// Stops a function that is being recorded from computing with a tensor as if it were a number.
import { tf } from "../../tensor/tf.ts";
import type { Recording } from "./recording.ts";
import { whileReplaced } from "./replaced.ts";

/**
 * Calls a function while JavaScript's operators refuse tensors: `loss > 1` or
 * `2 * rate` would otherwise be NaN or false, and baked in.
 */
export function whileUnreadable<R>(recording: Recording, f: () => R): R {
  const value = function (this: tf.Tensor): never {
    throw recording.refuse(
      new TypeError(
        `Cannot record a function: it must not decide or reckon by a tensor's numbers on the host, got ${this.dtype} [${this.shape}] in an operator of JavaScript's. Use tf's operations, such as tf.mul and tf.where`,
      ),
    );
  };
  return whileReplaced([{ owner: tf.Tensor.prototype, name: Symbol.toPrimitive, value }], f);
}
