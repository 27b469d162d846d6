// Padding with a constant, at any rank.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** The highest rank that tfjs's own kernel pads. */
const HIGHEST_RANK = 4;

/**
 * The kernel function of `PadV2`. Beyond tfjs's ranks, one axis is padded after the other.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function pad(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x!;
    const { paddings, constantValue } = call.attrs as {
      paddings: [number, number][];
      constantValue: number;
    };
    const axes = paddings.flatMap(([before, after], axis) => before + after > 0 ? [axis] : []);
    if (x.shape.length <= HIGHEST_RANK || axes.length === 0) return stock(call);
    let padded: tf.TensorInfo = x;
    for (const axis of axes) {
      const shorter = padded;
      const { shape } = shorter;
      const outer = tf.util.sizeFromShape(shape.slice(0, axis));
      const inner = tf.util.sizeFromShape(shape.slice(axis + 1));
      const own = paddings[axis]!;
      const longer = stock({
        ...call,
        inputs: { x: { ...shorter, shape: [outer, shape[axis]!, inner] } },
        attrs: { paddings: [[0, 0], own, [0, 0]], constantValue },
      }) as tf.TensorInfo;
      padded = { ...longer, shape: shape.with(axis, shape[axis]! + own[0] + own[1]) };
      if (shorter !== x) (call.backend as GuardedBackend).disposeData(shorter.dataId);
    }
    return padded;
  };
}
