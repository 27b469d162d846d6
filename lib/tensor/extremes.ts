// The largest and smallest numbers along axes, with a gradient that is right of equal ones.
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/**
 * The largest or smallest numbers along axes. Of several, each has an equal share of the slope, as of
 * PyTorch's `amax`; `tf.max` gives each of them the whole, which is no slope of anything.
 *
 * @param x any tensor
 * @param by which
 * @param axes the axes that are reduced, from 0
 * @param keep whether they stay, with size 1
 */
export function extreme(
  x: Tensor,
  by: "max" | "min",
  axes: readonly number[],
  keep: boolean,
): Tensor {
  const reduced = tf.customGrad((input, save) => {
    const given = input as Tensor;
    const most = tf[by](given, [...axes], true) as Tensor;
    (save as (tensors: Tensor[]) => void)([given, most]);
    return {
      value: most,
      gradFunc: (dy, saved) => {
        const [x, most] = saved as [Tensor, Tensor];
        const isMost = tf.cast(tf.equal(x, most), "float32");
        return tf.mul(isMost, tf.div(dy, tf.sum(isMost, [...axes], true)));
      },
    };
  })(x);
  return keep ? reduced : tf.reshape(reduced, x.shape.filter((_, axis) => !axes.includes(axis)));
}
