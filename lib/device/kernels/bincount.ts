// Counts of numbers in tensors of any rank.
import { tf } from "../../tensor/tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * The kernel function of `Bincount`: tfjs's own takes its input for a vector.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function bincount(_software: boolean, stock: KernelFunction): KernelFunction {
  const flat = (info: tf.TensorInfo): tf.TensorInfo => ({
    ...info,
    shape: [tf.util.sizeFromShape(info.shape)],
  });
  return (call) => {
    const { x, weights } = call.inputs;
    return stock({ ...call, inputs: { x: flat(x!), weights: flat(weights!) } });
  };
}
