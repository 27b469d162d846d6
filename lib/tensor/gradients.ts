// Gradients that tfjs lacks, or that fail for some shapes.
import "./resample.ts";
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

/** Of several that are the largest or smallest, each has an equal share of the slope: as in PyTorch. */
function ofExtreme(kernelName: string, axesName: string): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => {
      const [x, most] = saved as [Tensor, Tensor];
      const axes = tf.util.parseAxisParam(attributes[axesName] as number | number[], x.shape);
      const kept = x.shape.map((length, axis) => axes.includes(axis) ? 1 : length);
      const isMost = tf.cast(tf.equal(x, tf.reshape(most, kept)), "float32");
      const share = (): Tensor =>
        tf.div(tf.reshape(dy as Tensor, kept), tf.sum(isMost, axes, true));
      return { x: () => tf.mul(isMost, share()) };
    },
  };
}

/** Steps have no slope, wherever they come down to; tfjs gives this one that of the quotient. */
const FLOOR_DIV = ofTwo("FloorDiv", (_, a, b) => ({
  a: () => tf.zeros(a.shape),
  b: () => tf.zeros(b.shape),
}));

/** Whole numbers and truth values have no slope; tfjs passes it through them as if they were floats. */
const CAST: tf.GradConfig = {
  kernelName: "Cast",
  gradFunc: (dy, _saved, attributes) => {
    const slopes = dy as Tensor;
    return { x: () => attributes.dtype === "float32" ? slopes.clone() : tf.zeros(slopes.shape) };
  },
};

/** A mirrored number's slope comes back to where it was taken from; tfjs drops it. */
const MIRROR_PAD: tf.GradConfig = {
  kernelName: "MirrorPad",
  gradFunc: (dy, _saved, attributes) => {
    const { paddings, mode } = attributes as unknown as {
      readonly paddings: readonly [number, number][];
      readonly mode: "reflect" | "symmetric";
    };
    const edge = mode === "reflect" ? 1 : 0;
    const fold = (slopes: Tensor, [before, after]: [number, number], axis: number): Tensor => {
      const length = slopes.shape[axis]! - before - after;
      const along = <T>(own: T, other: T): T[] =>
        slopes.shape.map((_, each) => each === axis ? own : other);
      const part = (begin: number, size: number): Tensor =>
        tf.slice(slopes, along(begin, 0), along(size, -1));
      const mirrored = (begin: number, size: number, to: number): Tensor =>
        tf.pad(tf.reverse(part(begin, size), axis), along([to, length - to - size], [0, 0]));
      return tf.addN([
        part(before, length),
        ...(before > 0 ? [mirrored(0, before, edge)] : []),
        ...(after > 0 ? [mirrored(before + length, after, length - after - edge)] : []),
      ]);
    };
    return { x: () => paddings.reduce(fold, dy as Tensor) };
  },
};

/** tfjs's own forgets how the number of windows was rounded. */
const MAX_POOL: tf.GradConfig = {
  kernelName: "MaxPool",
  inputsToSave: ["x"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [input, output] = saved as [Tensor, Tensor];
    const inputs = { dy: dy as Tensor, input, output };
    return { x: () => tf.engine().runKernel("MaxPoolGrad", inputs, attributes) };
  },
};

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

/** Each number's slope is the product of the others; tfjs's own refuses axes counted from the end. */
const PROD: tf.GradConfig = {
  kernelName: "Prod",
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attributes) => {
    const x = saved[0]!;
    const axes = tf.util.parseAxisParam(attributes.axis as number | number[], x.shape);
    const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
    const sizes = order.map((axis) => x.shape[axis]!);
    const count = tf.util.sizeFromShape(axes.map((axis) => x.shape[axis]!));
    const rows = (): Tensor => tf.reshape(tf.transpose(x, order), [x.size / count || 0, count]);
    const others = (): Tensor =>
      tf.mul(tf.cumprod(rows(), 1, true), tf.cumprod(rows(), 1, true, true));
    const slopes = (): Tensor => tf.mul(others(), tf.reshape(dy as Tensor, [-1, 1]));
    return {
      x: () =>
        x.size === 0 ? tf.zerosLike(x) : tf.transpose(
          tf.reshape(slopes(), sizes),
          tf.backend_util.getUndoAxesPermutation(order),
        ),
    };
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

type TapeNode = { readonly inputs: tf.NamedTensorMap; readonly outputs: readonly tf.Tensor[] };

const engine = tf.engine() as unknown as {
  addTapeNode(
    kernelName: string,
    inputs: tf.NamedTensorMap,
    outputs: readonly tf.Tensor[],
    ...rest: unknown[]
  ): void;
  getTensorsForGradient(kernelName: string, ...rest: unknown[]): (tf.Tensor | undefined)[] | null;
  readonly state: { readonly activeTape: TapeNode[] };
};
const { addTapeNode, getTensorsForGradient } = engine;
/** What an operation goes without, such as the scale of a batch normalization, is not kept. */
engine.getTensorsForGradient = function (...call): (tf.Tensor | undefined)[] | null {
  return getTensorsForGradient.apply(this, call)?.filter((tensor) => tensor) ?? null;
};
engine.addTapeNode = function (kernelName, given, outputs, ...rest): void {
  if (COMPARISONS.has(kernelName)) return;
  const inputs = Object.fromEntries(Object.entries(given).filter(([, tensor]) => tensor));
  addTapeNode.call(this, kernelName, inputs, outputs, ...rest);
  // tfjs notes the copies of outputs that it saves before what makes these, so that the gradient of
  // a gradient, which reads the tape in its order, would take them for constant.
  const { activeTape } = engine.state;
  const node = activeTape.pop()!;
  const saves = ({ inputs: { x } }: TapeNode): boolean => outputs.includes(x!);
  const at = activeTape.findLastIndex((each) => !saves(each)) + 1;
  activeTape.splice(at, 0, node);
};

const GRADIENTS: readonly tf.GradConfig[] = [
  ...EXTREMES,
  ofExtreme("Max", "reductionIndices"),
  ofExtreme("Min", "axis"),
  FLOOR_DIV,
  CAST,
  MIRROR_PAD,
  MAX_POOL,
  SQUARED_DIFFERENCE,
  PRODUCT,
  CUMSUM,
  PROD,
  SELECT,
];

for (const gradient of GRADIENTS) {
  if (tf.getGradient(gradient.kernelName)) tf.unregisterGradient(gradient.kernelName);
  tf.registerGradient(gradient);
}

/** As tfjs's own, which takes the slopes by the logits for those by the labels. */
const softmaxCrossEntropy: typeof tf.losses.softmaxCrossEntropy = (
  labels,
  logits,
  weights,
  smoothing = 0,
  reduction,
) => {
  const targets = tf.cast(labels, "float32");
  const scores = tf.cast(logits, "float32");
  tf.util.assertShapesMatch(targets.shape, scores.shape, "Error in softmaxCrossEntropy: ");
  const smoothed = smoothing > 0
    ? tf.add(tf.mul(targets, 1 - smoothing), smoothing / scores.shape.at(-1)!)
    : targets;
  const losses = tf.neg(tf.sum(tf.mul(smoothed, tf.logSoftmax(scores)), -1));
  return tf.losses.computeWeightedLoss(losses, weights, reduction);
};

Object.assign(tf.losses, { softmaxCrossEntropy });
