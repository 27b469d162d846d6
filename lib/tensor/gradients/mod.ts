// The gradients of tfjs's operations, those of its own list and how they are taped; of neocog's own
// operations each stands beside the operation.
import "../activation_gradient.ts";
import "../convolve_transpose.ts";
import "../curves.ts";
import "../resample.ts";
import "../spread.ts";
import "../window_sums.ts";
import { tf } from "../tf.ts";
import { ELEMENT_GRADIENTS } from "./elements.ts";
import { MOVE_GRADIENTS } from "./moves.ts";
import { REDUCTION_GRADIENTS } from "./reductions.ts";
import { WINDOW_GRADIENTS } from "./windows.ts";

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

[
  ...ELEMENT_GRADIENTS,
  ...REDUCTION_GRADIENTS,
  ...MOVE_GRADIENTS,
  ...WINDOW_GRADIENTS,
].forEach(tf.registerGradient);

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
