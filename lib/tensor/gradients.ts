// Gradients that tfjs lacks, or that fail for some shapes.
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The gradient of a tensor that was broadcast: summed over what it was repeated along. */
function summedTo(shape: readonly number[], slopes: Tensor): Tensor {
  const axes = tf.backend_util.getReductionAxes([...shape], slopes.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(slopes, axes) : slopes, [...shape]);
}

/** A gradient of two tensors, each by its slopes. */
function ofTwo(
  kernelName: string,
  slopesOf: (dy: Tensor, a: Tensor, b: Tensor) => { a: () => Tensor; b: () => Tensor },
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (dy, saved) => {
      const [a, b] = saved as [Tensor, Tensor];
      const slopes = slopesOf(dy as Tensor, a, b);
      return { a: () => summedTo(a.shape, slopes.a()), b: () => summedTo(b.shape, slopes.b()) };
    },
  };
}

/** The slopes where a condition holds, and zero elsewhere; not their product, as 0 · ∞ is NaN. */
function chosen(condition: Tensor, slopes: Tensor): Tensor {
  return tf.where(condition, slopes, tf.zerosLike(slopes));
}

/** Where two numbers are alike, the first has the slope: as in tfjs. */
const EXTREMES: readonly tf.GradConfig[] = [
  ofTwo("Maximum", (dy, a, b) => ({
    a: () => chosen(tf.greaterEqual(a, b), dy),
    b: () => chosen(tf.less(a, b), dy),
  })),
  ofTwo("Minimum", (dy, a, b) => ({
    a: () => chosen(tf.lessEqual(a, b), dy),
    b: () => chosen(tf.greater(a, b), dy),
  })),
];

const SQUARED_DIFFERENCE = ofTwo("SquaredDifference", (dy, a, b) => ({
  a: () => tf.mul(dy, tf.mul(2, tf.sub(a, b))),
  b: () => tf.mul(dy, tf.mul(2, tf.sub(b, a))),
}));

/** With a broadcast batch, the gradient of the one that is repeated is a sum. */
const PRODUCT: tf.GradConfig = {
  kernelName: "BatchMatMul",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, attributes) => {
    const [a, b] = saved as [Tensor, Tensor];
    const { transposeA, transposeB } = attributes as unknown as {
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    };
    const slopes = dy as Tensor;
    const byA = (): Tensor =>
      transposeA
        ? tf.matMul(b, slopes, transposeB, true)
        : tf.matMul(slopes, b, false, !transposeB);
    const byB = (): Tensor =>
      transposeB
        ? tf.matMul(slopes, a, true, transposeA)
        : tf.matMul(a, slopes, !transposeA, false);
    return { a: () => summedTo(a.shape, byA()), b: () => summedTo(b.shape, byB()) };
  },
};

/** The other way round; tfjs also transposes it, which it is already. */
const CUMSUM: tf.GradConfig = {
  kernelName: "Cumsum",
  gradFunc: (dy, _saved, attributes) => {
    const { axis, exclusive, reverse } = attributes as unknown as {
      readonly axis: number;
      readonly exclusive: boolean;
      readonly reverse: boolean;
    };
    return { x: () => tf.cumsum(dy as Tensor, axis, exclusive, !reverse) };
  },
};

const SELECT: tf.GradConfig = {
  kernelName: "Select",
  inputsToSave: ["condition"],
  gradFunc: (dy, saved) => {
    const condition = saved[0]!;
    const slopes = dy as Tensor;
    return {
      condition: () => tf.zeros(condition.shape),
      t: () => chosen(condition, slopes),
      e: () => chosen(tf.logicalNot(condition), slopes),
    };
  },
};

/**
 * Comparisons, which are left off the tape: what is computed from their results has no
 * slope by what was compared, as in PyTorch, and a function of them alone is no function of
 * its argument. tfjs refuses any gradient that meets one, also by `where`; of `greaterEqual`
 * alone it has a gradient, zero.
 */
const COMPARISONS = new Set([
  "Equal",
  "NotEqual",
  "Greater",
  "Less",
  "LessEqual",
  "LogicalAnd",
  "LogicalOr",
  "LogicalNot",
]);

const engine = tf.engine() as unknown as {
  addTapeNode(kernelName: string, ...rest: unknown[]): void;
};
const addTapeNode = engine.addTapeNode;
engine.addTapeNode = function (kernelName, ...rest): void {
  if (!COMPARISONS.has(kernelName)) addTapeNode.call(this, kernelName, ...rest);
};

const GRADIENTS: readonly tf.GradConfig[] = [
  ...EXTREMES,
  SQUARED_DIFFERENCE,
  PRODUCT,
  CUMSUM,
  SELECT,
];

for (const gradient of GRADIENTS) {
  if (tf.getGradient(gradient.kernelName)) tf.unregisterGradient(gradient.kernelName);
  tf.registerGradient(gradient);
}
