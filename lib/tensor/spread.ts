// The way back from sums: each number to all that it was summed from.
import { registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels: `dy` → `dx` of `shape`. */
export const SPREAD = "NeocogSpread";

/** Attributes of the kernel. */
export type SpreadAttributes = {
  /** Shape of the result. */
  readonly shape: readonly number[];
  /** Its axes, next to one another, along which the numbers are repeated. */
  readonly axes: readonly number[];
  /** What the numbers are divided by. */
  readonly divisor: number;
};

/** A tensor as a block: what lies before the axes of a sum, along them, and after. */
export type Block = { readonly outer: number; readonly length: number; readonly inner: number };

/**
 * A tensor as a block around neighboring axes.
 *
 * @param shape the tensor's shape
 * @param axes the axes, in order
 */
export function blockOf(shape: readonly number[], axes: readonly number[]): Block {
  const size = (sizes: readonly number[]): number => sizes.reduce((most, one) => most * one, 1);
  const [first, last] = [axes[0] ?? 0, axes.at(-1) ?? -1];
  return {
    outer: size(shape.slice(0, first)),
    length: size(shape.slice(first, last + 1)),
    inner: size(shape.slice(last + 1)),
  };
}

/**
 * Axes in groups of neighbors, without those of size 1, along which there is nothing to sum.
 *
 * @param shape the tensor's shape
 */
export function neighbors(shape: readonly number[], axes: readonly number[]): number[][] {
  const groups: number[][] = [];
  let open = false;
  shape.forEach((size, axis) => {
    const chosen = axes.includes(axis);
    // An axis of size 1 goes with either side.
    if (size === 1) return;
    if (chosen && open) groups.at(-1)!.push(axis);
    else if (chosen) groups.push([axis]);
    open = chosen;
  });
  return groups;
}

/** Repeats `dy`, of the sizes that are left, along the axes of a sum. */
function spread(dy: Tensor, shape: readonly number[], axes: readonly number[], divisor: number) {
  const groups = neighbors(shape, axes);
  const sizes = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  let dx = tf.reshape(dy, sizes);
  if (groups.length === 0) return divisor === 1 ? dx : tf.div(dx, divisor);
  groups.forEach((group, i) => {
    for (const axis of group) sizes[axis] = shape[axis]!;
    const attributes: SpreadAttributes = {
      shape: [...sizes],
      axes: group,
      divisor: i === 0 ? divisor : 1,
    };
    dx = tf.engine().runKernel(SPREAD, { dy: dx }, attributes);
  });
  return dx;
}

for (const kernelName of ["Sum", "Mean"]) {
  tf.registerGradient({
    kernelName,
    inputsToSave: ["x"],
    gradFunc: (dy, saved, attributes) => {
      const { shape } = saved[0]!;
      const { axis } = attributes as { readonly axis?: number | number[] };
      const axes = tf.util.parseAxisParam(axis ?? shape.map((_, i) => i), shape);
      const count = axes.reduce((product, each) => product * shape[each]!, 1);
      const divisor = kernelName === "Mean" ? count : 1;
      return { x: () => spread(dy as Tensor, shape, axes, divisor) };
    },
  });
}

/** The sum of what is repeated. */
tf.registerGradient({
  kernelName: SPREAD,
  gradFunc: (slopes, _saved, attributes) => ({
    dy: () => {
      const { axes, divisor } = attributes as unknown as SpreadAttributes;
      const total = tf.sum(slopes as Tensor, [...axes], true);
      return divisor === 1 ? total : tf.div(total, divisor);
    },
  }),
});

registerHostKernel<SpreadAttributes>(SPREAD, ({ dy }, { shape, axes, divisor }) => {
  const { length, inner } = blockOf(shape, axes);
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  for (let i = 0; i < values.length; i++) {
    const outer = Math.floor(i / (length * inner));
    values[i] = dy!.values[outer * inner + i % inner]! / divisor;
  }
  return [{ values, shape }];
});
