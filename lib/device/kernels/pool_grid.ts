// What the kernels of tfjs's pooling operations share.
import type { PoolAttributes } from "../../tensor/pool_grid.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

/** The same numbers once more. */
export function sameNumbers(
  backend: GuardedBackend,
  { dataId, shape, dtype }: tf.TensorInfo,
): tf.TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

/** The geometry by which the outputs came about; tfjs does not hand on how their sizes were rounded. */
export function geometryOf(
  operation: string,
  inputShape: readonly number[],
  outputShape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): tf.backend_util.Conv2DInfo {
  const shape = inputShape as [number, number, number, number];
  for (const rounding of [dimRoundingMode ?? "floor", "floor", "ceil", "round"] as const) {
    const g = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, rounding);
    if (tf.util.arraysEqual(g.outShape, [...outputShape])) return g;
  }
  throw new TypeError(
    `Cannot take the gradient of ${operation}: its slopes must have the output's shape, got [${outputShape}] for inputs [${inputShape}]`,
  );
}
