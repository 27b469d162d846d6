// What an operation that changes nothing returns.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

/** The same numbers once more. */
export function sameNumbers(
  backend: GuardedBackend,
  { dataId, shape, dtype }: tf.TensorInfo,
): tf.TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}
