// Tiles of any rank: tfjs's program, which knows four axes, one axis after another.
import { tf } from "../../tensor/tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** The highest rank of tfjs's own program. */
const STOCK_RANK = 4;

/**
 * The kernel function of `Tile`.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel, which reads tensors of higher ranks on the host
 */
export function tile(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x as tf.Tensor;
    const { reps } = call.attrs as unknown as { readonly reps: readonly number[] };
    if (x.shape.length <= STOCK_RANK || x.dtype === "string") return stock(call);
    return tf.tidy(() => {
      const shape = [...x.shape];
      let tiled = tf.clone(x);
      for (const [axis, count] of reps.entries()) {
        if (count === 1) continue;
        // Rows of all that lies within an axis, repeated.
        const rows = tf.util.sizeFromShape(shape.slice(0, axis));
        const length = tf.util.sizeFromShape(shape.slice(axis));
        tiled = tf.tile(tf.reshape(tiled, [rows, length]), [1, count]);
        shape[axis]! *= count;
      }
      return tf.reshape(tiled, shape);
    });
  };
}
