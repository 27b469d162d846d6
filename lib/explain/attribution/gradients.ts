// An objective's values for each of some images with their gradient, once or added up over many points.
import { jit } from "../../device/jit/jit.ts";
import type { Intercept } from "../../layers/layer.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import { turns } from "../../tensor/turns.ts";
import type { LongOptions } from "./attribution.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { outputsOf } from "../input_gradient.ts";
import type { Network } from "../../layers/layer.ts";
import type { Objective } from "../objective.ts";

/**
 * An objective's value for each image; objectives themselves add up the batch.
 *
 * @param network the network
 * @param objective the objective
 * @param x the network's inputs `[N, H, W, C]`
 * @param rule the way back through ReLUs
 * @param around a further intercept
 * @returns the values `[N]`
 */
export function scoresOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  rule: BackwardRule = "backprop",
  around?: Intercept,
): Tensor {
  const output = outputsOf(network, objective.paths, x, rule, around);
  const count = x.shape[0]!;
  if (count === 1) return tf.reshape(objective.score(output, x), [1]);
  const only = (tensor: Tensor, i: number): Tensor => tf.slice(tensor, [i], [1]);
  return tf.stack(Array.from(
    { length: count },
    (_, i) => objective.score((path) => only(output(path), i), only(x, i)),
  ));
}

/**
 * Each image's value, and its gradient by that image.
 *
 * @param network the network
 * @param objective the objective
 * @param x the network's inputs `[N, H, W, C]`
 * @param rule the way back through ReLUs
 * @returns values `[N]`, and the gradient `[N, H, W, C]`; the caller owns both
 */
export function gradientOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  rule: BackwardRule,
): { readonly scores: Tensor; readonly gradient: Tensor } {
  const climb = valueAndGrad((images: { x: Tensor }) => {
    const scores = scoresOf(network, objective, images.x, rule);
    return [tf.sum(scores) as Scalar, { scores }];
  });
  const { value, grads, aux } = climb({ x });
  value.dispose();
  return { scores: aux.scores, gradient: grads.x };
}

/** Where a gradient is taken, and what it counts for. */
export type WeightedPoint = {
  /** The network's inputs `[N, H, W, C]`, of which the sum disposes. */
  readonly x: Tensor;
  readonly weight: number;
};

/**
 * The weighted sum of the gradients at some points.
 *
 * @param network the network
 * @param objective the objective
 * @param count how many points
 * @param pointAt answers a point
 * @param options the rule; progress, signal, jit
 * @returns the sum `[N, H, W, C]`; the caller owns it
 */
export async function sumOfGradients<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  count: number,
  pointAt: (index: number) => WeightedPoint,
  options: LongOptions & { readonly rule: BackwardRule },
): Promise<Tensor> {
  const { rule, signal, onProgress } = options;
  const added = (sum: Tensor, x: Tensor, weight: Scalar): Tensor =>
    tf.tidy(() => tf.add(sum, tf.mul(gradientOf(network, objective, x, rule).gradient, weight)));
  return await inSteps(added, options, async (add) => {
    let sum: Tensor | undefined;
    try {
      const turn = turns();
      for (let i = 0; i < count; i++) {
        signal?.throwIfAborted();
        const { x, weight } = pointAt(i);
        sum ??= tf.zerosLike(x);
        const given: [Tensor, Tensor, Scalar] = [sum, x, tf.scalar(weight)];
        sum = add(...given);
        tf.dispose(given);
        await settled(sum, turn);
        onProgress?.(i + 1, count);
      }
      return sum!;
    } catch (error) {
      sum?.dispose();
      throw error;
    }
  });
}

/**
 * Runs a loop with its step, recorded where that is wanted and freed at the end.
 *
 * @param step a pure function of tensors
 * @param options whether it is recorded
 * @param loop what is done with it
 */
export async function inSteps<A extends readonly unknown[], R>(
  step: (...values: A) => Tensor,
  { jit: isJitted = true }: LongOptions,
  loop: (step: (...values: A) => Tensor) => Promise<R>,
): Promise<R> {
  if (!isJitted) return await loop(step);
  const recorded = jit(step);
  try {
    return await loop(recorded as unknown as (...values: A) => Tensor);
  } finally {
    recorded.dispose();
  }
}

/** Waits until a tensor is computed, so that progress tells the truth and a signal is heard. */
async function settled(tensor: Tensor, turn: () => Promise<void>): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(tensor, [tensor.size]), [0], [1]));
  await one.data();
  one.dispose();
  await turn();
}
