// Forms that many gradients have.
import type { Tensor } from "../tensor.ts";
import { tf } from "../tf.ts";

/** The gradient of a tensor that was broadcast: summed over what it was repeated along. */
export function summedTo(shape: readonly number[], slopes: Tensor): Tensor {
  const axes = tf.backend_util.getReductionAxes([...shape], slopes.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(slopes, axes) : slopes, [...shape]);
}

/** The slopes where a condition holds, and zero elsewhere; not their product, as 0 · ∞ is NaN. */
export function chosen(condition: Tensor, slopes: Tensor): Tensor {
  return tf.where(condition, slopes, tf.zerosLike(slopes));
}

/** A slope by what came with the slopes: an input or the result, and the operation's attributes. */
type Slope = (dy: Tensor, saved: Tensor, attributes: tf.NamedAttrMap) => Tensor;

/** A gradient by the one input, which is kept. */
export function ofInput(kernelName: string, slope: Slope, name = "x"): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: [name],
    gradFunc: (dy, [x], attributes) => ({ [name]: () => slope(dy as Tensor, x!, attributes) }),
  };
}

/** A gradient by the one input, for which the result is kept. */
export function ofOutput(kernelName: string, slope: Slope, name = "x"): tf.GradConfig {
  return {
    kernelName,
    outputsToSave: [true],
    gradFunc: (dy, [y], attributes) => ({ [name]: () => slope(dy as Tensor, y!, attributes) }),
  };
}

/** A gradient by `x`, for which nothing is kept. */
export function ofSlopes(
  kernelName: string,
  slope: (dy: Tensor, attributes: tf.NamedAttrMap) => Tensor,
): tf.GradConfig {
  return {
    kernelName,
    gradFunc: (dy, _saved, attributes) => ({ x: () => slope(dy as Tensor, attributes) }),
  };
}

/** A gradient of two tensors that were broadcast to each other, each by its slopes. */
export function ofTwo(
  kernelName: string,
  slopesOf: (dy: Tensor, a: Tensor, b: Tensor) => readonly [() => Tensor, () => Tensor],
  names: readonly [string, string] = ["a", "b"],
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: [...names],
    gradFunc: (dy, saved) => {
      const slopes = slopesOf(dy as Tensor, saved[0]!, saved[1]!);
      return Object.fromEntries(
        names.map((name, i) => [name, () => summedTo(saved[i]!.shape, slopes[i]!())]),
      );
    },
  };
}

/** What has no slope, wherever it is: zero by each of its inputs. */
export function withoutSlope(kernelName: string, ...names: readonly string[]): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: [...names],
    gradFunc: (_dy, saved) =>
      Object.fromEntries(names.map((name, i) => [name, () => tf.zeros(saved[i]!.shape)])),
  };
}
