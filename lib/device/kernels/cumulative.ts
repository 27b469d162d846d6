// Cumulative sums and products along one axis, in either direction.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * The kernel function of `Cumsum` and `Cumprod`. tfjs's own runs in reverse by a program that holds
 * the axis's length but is kept for all lengths; so it is given a reversed tensor, forwards.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function cumulative(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const backend = call.backend as GuardedBackend;
    const x = call.inputs.x!;
    const { axis, exclusive, reverse } = call.attrs as {
      axis: number;
      exclusive: boolean;
      reverse: boolean;
    };
    const [place] = tf.util.parseAxisParam(axis, x.shape);
    const lines = { ...x, shape: linesOf(x.shape, place!) };
    const attrs = { axis: 1, exclusive, reverse: false };
    const accumulate = (from: tf.TensorInfo): tf.TensorInfo =>
      stock({ ...call, inputs: { x: from }, attrs }) as tf.TensorInfo;
    if (!reverse) return { ...accumulate(lines), shape: x.shape };
    const turned = turn(backend, lines);
    const totals = accumulate(turned);
    const answer = turn(backend, totals);
    for (const { dataId } of [turned, totals]) backend.disposeData(dataId);
    return { ...answer, shape: x.shape };
  };
}

/** The shape of rank 3 in which an axis is the middle one. */
function linesOf(shape: readonly number[], axis: number): number[] {
  const size = (sizes: readonly number[]): number => tf.util.sizeFromShape([...sizes]);
  return [size(shape.slice(0, axis)), shape[axis]!, size(shape.slice(axis + 1))];
}

function turn(backend: GuardedBackend, x: tf.TensorInfo): tf.TensorInfo {
  const { kernelFunc } = tf.getKernel("Reverse", "webgpu")!;
  return kernelFunc({ inputs: { x }, attrs: { dims: [1] }, backend }) as tf.TensorInfo;
}
