// The place of the largest or smallest number, of the shape that it should have.
import { tf } from "../../tensor/tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * The kernel function of `ArgMax` and `ArgMin`: tfjs's own returns `[1]` for a vector.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function argExtreme(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { shape } = call.inputs.x!;
    const axes = tf.util.parseAxisParam((call.attrs as { axis: number }).axis, shape);
    const place = stock(call) as tf.TensorInfo;
    return { ...place, shape: shape.filter((_, axis) => !axes.includes(axis)) };
  };
}
