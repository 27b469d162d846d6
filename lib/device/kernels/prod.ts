// Products along axes, of the shape that they should have.
import { tf } from "../../tensor/tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * The kernel function of `Prod`: tfjs's own forgets `keepDims` where it forwards small tensors to
 * the CPU.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function prod(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { shape } = call.inputs.x!;
    const { axis, keepDims } = call.attrs as { axis: number | number[]; keepDims: boolean };
    const axes = tf.util.parseAxisParam(axis, shape);
    const product = stock(call) as tf.TensorInfo;
    return {
      ...product,
      shape: shape.flatMap((size, i) => axes.includes(i) ? (keepDims ? [1] : []) : [size]),
    };
  };
}
