// Sums and means over any axes, in chains of chains, so that long ones do not drift.
import { blockOf, neighbors } from "../../tensor/spread.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { chainSums } from "./chain_sums.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * The kernel function of `Sum` for an adapter. Whole numbers and a few numbers
 * that the host knows are left to tfjs.
 *
 * @param software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function sum(software: boolean, stock: KernelFunction): KernelFunction {
  return reduction(software, stock, false);
}

/**
 * The kernel function of `Mean`, as {@linkcode sum}; of whole numbers it is that of their floats.
 *
 * @param software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function mean(software: boolean, stock: KernelFunction): KernelFunction {
  return reduction(software, stock, true);
}

function reduction(software: boolean, stock: KernelFunction, mean: boolean): KernelFunction {
  const kernel: KernelFunction = (call) => {
    const x = call.inputs.x!;
    const backend = call.backend as GuardedBackend;
    const { axis, keepDims } = call.attrs as { axis: number | number[]; keepDims: boolean };
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const groups = neighbors(x.shape, axes);
    if (x.dtype !== "float32" && mean) {
      const { kernelFunc } = tf.getKernel("Cast", "webgpu")!;
      const floats = kernelFunc({ inputs: { x }, attrs: { dtype: "float32" }, backend });
      const means = kernel({ ...call, inputs: { x: floats as tf.TensorInfo } });
      backend.disposeData((floats as tf.TensorInfo).dataId);
      return means;
    }
    if (x.dtype !== "float32") return stock(call);
    const count = axes.reduce((product, each) => product * x.shape[each]!, 1);
    const shape = x.shape.flatMap((size, each) =>
      axes.includes(each) ? keepDims ? [1] : [] : [size]
    );
    if (x.shape.includes(0)) {
      const nothing = new Float32Array(tf.util.sizeFromShape(shape)).fill(mean ? NaN : 0);
      return backend.makeTensorInfo(shape, "float32", nothing);
    }
    if (groups.length === 0) {
      // Along axes of one number there is nothing to add: the same numbers, seen in another shape.
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape, dtype: x.dtype };
    }
    if (backend.shouldExecuteOnCPU([x])) return stock(call);
    return { ...sumGroups(backend, software, x, groups, mean ? count : 1), shape };
  };
  return kernel;
}

/** Sums along each group of neighboring axes, from the last, whose sums lie nearest in memory. */
function sumGroups(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  groups: readonly number[][],
  divisor: number,
): tf.TensorInfo {
  const shape = [...x.shape];
  let sums = x;
  for (const group of groups.toReversed()) {
    const longer = sums;
    const last = group === groups[0];
    sums = chainSums(backend, software, longer, blockOf(shape, group), last ? divisor : 1);
    if (longer !== x) backend.disposeData(longer.dataId);
    for (const axis of group) shape[axis] = 1;
  }
  return sums;
}
