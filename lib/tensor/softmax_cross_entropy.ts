// Softmax cross-entropy as one operation, which returns the loss and its slope together.
import { type HostTensor, registerHostKernel } from "./host_kernel.ts";
import type { Scalar, Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/**
 * The name of the operation among tfjs's kernels: of `logits` and `targets` the
 * mean loss, `[]`, and its slope by the logits, (softmax(z) · Σt − t) / N.
 */
export const SOFTMAX_CROSS_ENTROPY = "NeocogSoftmaxCrossEntropy";

/** The name of its gradient: the slopes by the logits, `slope · dy`. */
export const SOFTMAX_CROSS_ENTROPY_GRADIENT = "NeocogSoftmaxCrossEntropyGrad";

/**
 * The mean of −Σ t · log softmax(z) over rows.
 *
 * @param logits scores before softmax, float32 `[N, classes]`
 * @param targets probabilities of the classes, of the same type and shape
 */
export function meanSoftmaxCrossEntropy(logits: Tensor, targets: Tensor): Scalar {
  const results = tf.engine().runKernel(SOFTMAX_CROSS_ENTROPY, { logits, targets });
  return (results as unknown as [Scalar, Tensor])[0];
}

tf.registerGradient({
  kernelName: SOFTMAX_CROSS_ENTROPY,
  inputsToSave: ["logits", "targets"],
  outputsToSave: [false, true],
  gradFunc: (slopes, saved) => {
    // The second output is only seen by this gradient, which says itself how it varies.
    const [dy] = slopes as [Scalar, Tensor];
    const [logits, targets, slope] = saved as [Tensor, Tensor, Tensor];
    const inputs = { dy, slope, logits, targets };
    return {
      logits: () => tf.engine().runKernel(SOFTMAX_CROSS_ENTROPY_GRADIENT, inputs) as Tensor,
      targets: () => byTargets(dy, logits),
    };
  },
});

/** The slopes by the targets, −log softmax(z) · dy / N. */
function byTargets(dy: Tensor, logits: Tensor): Tensor {
  if (logits.size === 0) return tf.zerosLike(logits);
  return tf.mul(tf.logSoftmax(logits), tf.div(dy, -logits.shape[0]!));
}

/** The gradient's own gradient; by the slope there is none, as it is made of logits and targets. */
tf.registerGradient({
  kernelName: SOFTMAX_CROSS_ENTROPY_GRADIENT,
  inputsToSave: ["dy", "slope", "logits", "targets"],
  gradFunc: (upstream, saved) => {
    const [dy, slope, logits, targets] = saved as [Tensor, Tensor, Tensor, Tensor];
    const share = tf.div(upstream as Tensor, logits.shape[0]!);
    const softmax = (): Tensor => tf.softmax(logits);
    const mean = (): Tensor => tf.sum(tf.mul(softmax(), share), -1, true); // [N, 1]
    const weight = (): Tensor => tf.mul(tf.sum(targets, -1, true), dy);
    return {
      dy: () => tf.sum(tf.mul(slope, upstream as Tensor)),
      slope: () => tf.zerosLike(slope),
      logits: () => tf.mul(weight(), tf.mul(softmax(), tf.sub(share, mean()))),
      targets: () => tf.mul(tf.sub(mean(), share), dy),
    };
  },
});

registerHostKernel(SOFTMAX_CROSS_ENTROPY, ({ logits, targets }) => {
  const [rows, classes] = logits!.shape as [number, number];
  const slope = new Float32Array(rows * classes);
  let sum = 0;
  for (let begin = 0; begin < slope.length; begin += classes) {
    sum += rowOnHost(logits!, targets!, begin, begin + classes, slope);
  }
  const shares = slope.map((value) => value / rows);
  return [{ values: Float32Array.of(sum / rows), shape: [] }, {
    values: shares,
    shape: logits!.shape,
  }];
});

/** A row's loss; its slope is written. A NaN in the row is the maximum, so that all are NaN. */
function rowOnHost(
  { values: logits }: HostTensor,
  { values: targets }: HostTensor,
  begin: number,
  end: number,
  slope: Float32Array,
): number {
  let largest = -Infinity;
  let weight = 0;
  for (let i = begin; i < end; i++) {
    largest = Math.max(largest, logits[i]!);
    weight += targets[i]!;
  }
  let total = 0;
  for (let i = begin; i < end; i++) total += Math.exp(logits[i]! - largest);
  let loss = 0;
  for (let i = begin; i < end; i++) {
    const shifted = logits[i]! - largest;
    slope[i] = Math.exp(shifted) / total * weight - targets[i]!;
    loss += targets[i]! * (Math.log(total) - shifted);
  }
  return loss;
}

registerHostKernel(SOFTMAX_CROSS_ENTROPY_GRADIENT, ({ dy, slope }) => {
  const [share] = dy!.values;
  return [{ values: slope!.values.map((value) => value * share!), shape: slope!.shape }];
});
