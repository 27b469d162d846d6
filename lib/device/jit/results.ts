// How a plan hands out its results.
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { Inputs } from "./inputs.ts";
import { TENSOR_USAGE } from "../buffer_bytes.ts";
import type { PlanParts, Wanted } from "./plan_parts.ts";
import type { Storage } from "./recording.ts";

/**
 * Makes the tensors of a plan's results: of a donated argument's buffer where the
 * result lies there, of a fresh copy otherwise, so that no later call changes them.
 */
export function giveResults(
  { backend, program, donated, results }: PlanParts,
  leaves: readonly (Tensor | number)[],
  inputs: Inputs,
  bufferOf: (place: Storage) => GPUBuffer,
): tf.TensorInfo[] {
  const { place, landings } = program;
  const given = new Map<Storage, tf.TensorInfo>();
  const give = ({ storage, shape, dtype }: Wanted): tf.TensorInfo => {
    if (!storage || storage.bytes === 0) return emptyTensor(backend, shape, dtype);
    const from = place(storage);
    const known = given.get(from);
    if (known) return shareData(backend, known.dataId, shape, dtype);
    const { origin } = landings.get(from) ?? from;
    const leaf = origin.kind === "input" ? origin.leaf : undefined;
    if (leaf !== undefined && !donated[leaf]) {
      const value = leaves[leaf]!;
      if (typeof value !== "number") return shareData(backend, value.dataId, shape, dtype);
    }
    const isOwn = leaf !== undefined && donated[leaf];
    const buffer = isOwn
      ? inputs.claim(leaf)
      : backend.bufferManager.acquireBuffer(storage.bytes, TENSOR_USAGE);
    if (!isOwn || landings.has(from)) backend.encoding.copy(bufferOf(from), buffer, storage.bytes);
    const info = backend.makeTensorInfo([...shape], dtype);
    backend.tensorMap.get(info.dataId).resource = buffer;
    given.set(from, info);
    return info;
  };
  return results.map(give);
}

function emptyTensor(
  backend: GuardedBackend,
  shape: readonly number[],
  dtype: tf.DataType,
): tf.TensorInfo {
  const none = tf.util.getTypedArrayFromDType(dtype as tf.NumericDataType, 0);
  return backend.makeTensorInfo([...shape], dtype, none);
}

/** Another view of the same data. */
function shareData(
  backend: GuardedBackend,
  dataId: tf.TensorInfo["dataId"],
  shape: readonly number[],
  dtype: tf.DataType,
): tf.TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape: [...shape], dtype };
}
