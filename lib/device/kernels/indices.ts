// Indices that a kernel is given: those that the host knows are looked at before it runs.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

/**
 * The numbers of a tensor, if the host knows them: those of one that was made from
 * numbers, or read.
 *
 * @param backend holds the tensor
 * @param info the tensor
 */
export function knownNumbers(
  backend: GuardedBackend,
  { dataId }: tf.TensorInfo,
): ArrayLike<number> | undefined {
  return backend.tensorMap.get(dataId).values as ArrayLike<number> | null ?? undefined;
}

/**
 * Refuses indices beyond an axis, if the host knows them.
 *
 * @param backend holds the indices
 * @param operation what they are for
 * @param indices the indices
 * @param size length of the axis, or of axis `i % sizes.length` of index `i`
 * @throws {RangeError} if an index is not from 0 to below the size
 */
export function requireIndices(
  backend: GuardedBackend,
  operation: string,
  indices: tf.TensorInfo,
  ...sizes: readonly number[]
): void {
  const known = knownNumbers(backend, indices) ?? [];
  for (let i = 0; i < known.length; i++) {
    const [index, size] = [known[i]!, sizes[i % sizes.length]!];
    if (index >= 0 && index < size) continue;
    throw new RangeError(
      // In tfjs's words.
      `Cannot run ${operation}: the index value ${index} is not in [0, ${size - 1}]`,
    );
  }
}
