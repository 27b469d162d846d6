// tf.image.transform of several images by one rule, which tfjs's program looks for beyond the first.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

/**
 * The kernel function of `Transform`: one rule becomes one for each image.
 *
 * @param _software whether the adapter computes on the CPU: it is the same program
 * @param stock tfjs's own kernel
 */
export function transform(
  _software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const { image, transforms } = call.inputs as {
      image: tf.TensorInfo;
      transforms: tf.TensorInfo;
    };
    const batch = image.shape[0]!;
    if (transforms.shape[0] === batch || batch === 0) return stock(call);
    const { backend } = call;
    const tile = tf.getKernel("Tile", "webgpu")!.kernelFunc;
    const attrs = { reps: [batch, 1] };
    const each = tile({ inputs: { x: transforms }, attrs, backend }) as tf.TensorInfo;
    const result = stock({ ...call, inputs: { image, transforms: each } });
    (backend as GuardedBackend).disposeData(each.dataId);
    return result;
  };
}
