// Steps up the loss, each held to the ball around the image given: what FGSM, BIM and PGD are.
import { meanSoftmaxCrossEntropy } from "../../tensor/softmax_cross_entropy.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { answersTo } from "./answers.ts";
import { fools, type Siege } from "./attack.ts";
import { type Norm, project, steepest } from "./norm.ts";
import { gradientOf } from "./session.ts";

/** How steps are taken. */
export type Stride = {
  readonly norm: Norm;
  /** Radius of the ball. */
  readonly epsilon: number;
  readonly steps: number;
  /** Length of a step, by the norm. */
  readonly stepSize: number;
};

/** Softmax cross-entropy, summed over the batch: each image's gradient is its own. */
function crossEntropy(logits: Tensor, goals: Tensor): Scalar {
  return tf.mul(meanSoftmaxCrossEntropy(logits, goals), logits.shape[0]!) as Scalar;
}

/**
 * Steps x ← Π(x + s · steepest(∂L/∂x)), with L the cross-entropy of the labels, or down that of
 * the targets; Π is the projection onto the ball and the bounds.
 *
 * @param siege the attack
 * @param stride norm, radius, steps
 * @param first where to begin; it is used up
 * @returns the images of the last step
 */
export async function iterate(siege: Siege, stride: Stride, first: Tensor): Promise<Tensor> {
  const { session, origin, goals, away } = siege;
  const { norm, epsilon, steps, stepSize } = stride;
  const step = session.pass(`step by ${norm}`, () => {
    const pass = gradientOf(session, crossEntropy);
    return (x: Tensor, origin: Tensor, goals: Tensor, stride: Scalar, epsilon: Scalar) => {
      const { gradient, logits } = pass(x, goals);
      const moved = tf.add(x, tf.mul(steepest(norm, gradient), stride));
      return { x: project(norm, moved, origin, epsilon), logits };
    };
  }, [0]);
  let x = first;
  try {
    for (let i = 0; i < steps && !siege.isOver(); i++) {
      const next = step(x, origin, goals, away * stepSize, epsilon);
      x = next.x;
      const { labels } = await answersTo(next.logits);
      await siege.report(i, steps, fools(siege, labels));
    }
    return x;
  } catch (error) {
    x.dispose();
    throw error;
  }
}
