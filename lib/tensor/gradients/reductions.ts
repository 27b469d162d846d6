// Gradients of what is computed along axes: extremes, products, running sums, softmax.
import type { Tensor } from "../tensor.ts";
import { tf } from "../tf.ts";
import { ofInput, ofOutput, ofSlopes, withoutSlope } from "./rules.ts";

/** The sizes that are left along the axes of a reduction, 1 for each of them. */
function keptSizes(x: Tensor, axis: unknown): [kept: number[], axes: number[]] {
  const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
  return [x.shape.map((length, at) => axes.includes(at) ? 1 : length), axes];
}

/** Of several that are the largest or smallest, each has an equal share of the slope: as in PyTorch. */
function ofExtreme(kernelName: string, axesName: string): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => {
      const [x, most] = saved as [Tensor, Tensor];
      const [kept, axes] = keptSizes(x, attributes[axesName]);
      const isMost = tf.cast(tf.equal(x, tf.reshape(most, kept)), "float32");
      const share = (): Tensor =>
        tf.div(tf.reshape(dy as Tensor, kept), tf.sum(isMost, axes, true));
      return { x: () => tf.mul(isMost, share()) };
    },
  };
}

/** Each number's slope is the product of all others: of those before it and those after it. */
const PROD = ofInput("Prod", (dy, x, { axis }) => {
  if (x.size === 0) return tf.zerosLike(x);
  const [kept, axes] = keptSizes(x, axis);
  const order = [...x.shape.keys()].filter((at) => !axes.includes(at)).concat(axes);
  const last = tf.transpose(x, order);
  const lines = tf.reshape(last, [-1, axes.reduce((count, at) => count * x.shape[at]!, 1)]);
  const others = tf.mul(tf.cumprod(lines, 1, true), tf.cumprod(lines, 1, true, true));
  const back = order.map((_, at) => order.indexOf(at));
  const slopes = tf.transpose(tf.reshape(others, last.shape), back);
  return tf.mul(slopes, tf.reshape(dy, kept));
});

/** Gradients of what is computed along axes. */
export const REDUCTION_GRADIENTS: readonly tf.GradConfig[] = [
  ofExtreme("Max", "reductionIndices"),
  ofExtreme("Min", "axis"),
  PROD,
  withoutSlope("ArgMax", "x"),
  withoutSlope("ArgMin", "x"),
  // The other way round.
  ofSlopes("Cumsum", (dy, attributes) => {
    const { axis, exclusive, reverse } = attributes as unknown as {
      readonly axis: number;
      readonly exclusive: boolean;
      readonly reverse: boolean;
    };
    return tf.cumsum(dy, axis, exclusive, !reverse);
  }),
  ofOutput("Softmax", (dy, y, { dim }) => {
    const weighted = tf.mul(dy, y);
    return tf.sub(weighted, tf.mul(tf.sum(weighted, dim as number, true), y));
  }, "logits"),
];
