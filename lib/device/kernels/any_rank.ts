// Tiles, reversals and choices of any rank, by tfjs's programs, which know four axes.
import { tf } from "../../tensor/tf.ts";
import { linesOf } from "./cumulative.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** The highest rank of tfjs's own programs. */
const STOCK_RANK = 4;

/**
 * The kernel function of `Tile`, one axis after another at rank 5 and more.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
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

/**
 * The kernel function of `Reverse`, one axis after another at rank 5 and more.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function reverse(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x as tf.Tensor;
    const { shape } = x;
    if (shape.length <= STOCK_RANK) return stock(call);
    const axes = tf.util.parseAxisParam((call.attrs as { dims: number[] }).dims, shape);
    return tf.tidy(() => {
      const turned = axes.reduce(
        (y, axis) => tf.reverse(tf.reshape(y, linesOf(shape, axis)), 1),
        tf.clone(x),
      );
      return tf.reshape(turned, shape);
    });
  };
}

/**
 * The kernel function of `Select`, number by number at rank 5 and more.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function select(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { condition, t, e } = call.inputs as Readonly<Record<string, tf.TensorInfo>>;
    const { shape } = t!;
    if (shape.length <= STOCK_RANK || condition!.shape.length !== shape.length) return stock(call);
    const flat = (info: tf.TensorInfo | undefined): tf.TensorInfo => ({
      ...info!,
      shape: [tf.util.sizeFromShape(shape)],
    });
    const inputs = { condition: flat(condition), t: flat(t), e: flat(e) };
    return { ...stock({ ...call, inputs }) as tf.TensorInfo, shape };
  };
}
