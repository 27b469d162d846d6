// Casts to float32 whose numbers are float32: tfjs only calls whole numbers so, and lets its shaders convert.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

/**
 * The kernel function of `Cast`. tfjs hands on the buffer of whole numbers under
 * the name of float32, which its own shaders look up and neocog's would take for floats.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function cast(
  _software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const result = stock(call) as tf.TensorInfo;
    const backend = call.backend as GuardedBackend;
    const isDisguised = result.dtype === "float32" && tf.util.sizeFromShape(result.shape) > 0 &&
      backend.tensorMap.get(result.dataId).dtype !== "float32";
    if (!isDisguised) return result;
    const zero = backend.makeTensorInfo([], "float32", new Float32Array(1));
    const add = tf.getKernel("Add", "webgpu")!.kernelFunc;
    const converted = add({ inputs: { a: result, b: zero }, backend: call.backend });
    for (const { dataId } of [result, zero]) backend.disposeData(dataId);
    return converted;
  };
}
