// Numbers of mean 0 and variance 1 over some axes.
import { registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation along the last axis among tfjs's kernels: `x` → `y`. */
export const STANDARDIZE = "NeocogStandardize";

/** The name of its gradient: `x` and `dy` → `dx`. */
export const STANDARDIZE_GRADIENT = "NeocogStandardizeGrad";

/** Attributes of both kernels. */
export type StandardizeAttributes = {
  /** Added to the variance. */
  readonly epsilon: number;
};

/** The longest rows that one invocation takes. */
const LONGEST_ROW = 4096;

/**
 * Subtracts the mean over some axes and divides by the deviation, (x − μ) / √(σ² + ε).
 *
 * @param x any tensor of floats
 * @param axes which axes, from 0
 * @param epsilon added to the variance
 */
export function standardize(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const isLast = axes.length === 1 && axes[0] === x.rank - 1;
  if (isLast && x.dtype === "float32" && x.size > 0 && x.shape.at(-1)! <= LONGEST_ROW) {
    return tf.engine().runKernel(STANDARDIZE, { x }, { epsilon });
  }
  return parts(x, axes, epsilon).y;
}

/** The same of single operations, with the factor 1 / √(σ² + ε). */
function parts(
  x: Tensor,
  axes: readonly number[],
  epsilon: number,
): { readonly y: Tensor; readonly factor: Tensor } {
  const centered = tf.sub(x, tf.mean(x, [...axes], true));
  const variance = tf.mean(tf.square(centered), [...axes], true);
  const factor = tf.rsqrt(tf.add(variance, epsilon));
  return { y: tf.mul(centered, factor), factor };
}

tf.registerGradient({
  kernelName: STANDARDIZE,
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attributes) => ({
    x: () =>
      tf.engine().runKernel(
        STANDARDIZE_GRADIENT,
        { x: x!, dy: dy as Tensor },
        attributes,
      ) as Tensor,
  }),
});

/**
 * The gradient's own. It is linear in the slopes, and its own transpose. With the upstream u, it sums
 * to u · g = C r s, s = mean(u dy) − mean(u) mean(dy) − mean(u y) mean(dy y), which depends on x by
 * way of y and of the factor r, whose slope is −r² y / C.
 */
tf.registerGradient({
  kernelName: STANDARDIZE_GRADIENT,
  inputsToSave: ["x", "dy"],
  gradFunc: (slopes, saved, attributes) => {
    const { epsilon } = attributes as unknown as StandardizeAttributes;
    const [u, x, dy] = [slopes as Tensor, ...saved] as [Tensor, Tensor, Tensor];
    const through = (dy: Tensor): Tensor =>
      tf.engine().runKernel(STANDARDIZE_GRADIENT, { x, dy }, attributes);
    const mean = (numbers: Tensor): Tensor => tf.mean(numbers, -1, true);
    return {
      dy: () => through(u),
      x: () => {
        const { y, factor } = parts(x, [x.rank - 1], epsilon);
        const [uy, dyy] = [mean(tf.mul(u, y)), mean(tf.mul(dy, y))];
        const byY = tf.mul(factor, tf.add(tf.mul(u, dyy), tf.mul(dy, uy)));
        const means = tf.add(tf.mul(mean(u), mean(dy)), tf.mul(uy, dyy));
        const s = tf.sub(mean(tf.mul(u, dy)), means);
        const byFactor = tf.mul(tf.square(factor), tf.mul(y, s));
        return tf.neg(tf.add(through(byY), byFactor));
      },
    };
  },
});

/** Mean and 1 / √(σ² + ε) of a row. */
function statistics(row: Float32Array, epsilon: number): [mean: number, factor: number] {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return [mean, 1 / Math.sqrt(variance + epsilon)];
}

function eachRow(
  values: Float32Array,
  length: number,
  f: (row: Float32Array, begin: number) => void,
): void {
  for (let begin = 0; begin < values.length; begin += length) {
    f(values.subarray(begin, begin + length), begin);
  }
}

registerHostKernel<StandardizeAttributes>(STANDARDIZE, ({ x }, { epsilon }) => {
  const y = new Float32Array(x!.values.length);
  eachRow(x!.values, x!.shape.at(-1)!, (row, begin) => {
    const [mean, factor] = statistics(row, epsilon);
    row.forEach((value, i) => y[begin + i] = (value - mean) * factor);
  });
  return [{ values: y, shape: x!.shape }];
});

registerHostKernel<StandardizeAttributes>(STANDARDIZE_GRADIENT, ({ x, dy }, { epsilon }) => {
  const dx = new Float32Array(x!.values.length);
  eachRow(x!.values, x!.shape.at(-1)!, (row, begin) => {
    const [mean, factor] = statistics(row, epsilon);
    const slopes = dy!.values.subarray(begin, begin + row.length);
    let [sum, along] = [0, 0];
    slopes.forEach((slope, i) => {
      sum += slope;
      along += slope * (row[i]! - mean) * factor;
    });
    slopes.forEach((slope, i) => {
      const y = (row[i]! - mean) * factor;
      dx[begin + i] = factor * (slope - sum / row.length - y * along / row.length);
    });
  });
  return [{ values: dx, shape: x!.shape }];
});
