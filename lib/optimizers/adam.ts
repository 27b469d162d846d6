// Adam. Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
import { requireOptions, requirePositive, requireShare } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { DecayRule } from "../tensor/update_trees.ts";
import { withFusedStep } from "./fused_step.ts";
import { type Optimizer, zerosLike } from "./optimizer.ts";
import { type LearningRate, onDevice, scheduleOf } from "./schedule.ts";
import { addDecay } from "./weight_decay.ts";

const OPTIONS: Readonly<Record<keyof AdamOptions, true>> = {
  learningRate: true,
  beta1: true,
  beta2: true,
  epsilon: true,
};

/** Options of {@linkcode adam}. */
export type AdamOptions = {
  /** Step size, above 0, or a schedule of it. Default: 0.001. */
  readonly learningRate?: LearningRate;
  /** Decay of the mean of gradients, from 0 up to but not including 1. Default: 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of their squares, from 0 up to but not including 1. Default: 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean square, above 0. Default: 1e-8. */
  readonly epsilon?: number;
};

/** State of {@linkcode adam}. */
export type AdamState = {
  /** Steps taken. */
  readonly count: Scalar;
  /** Decayed mean of the gradients. */
  readonly mean: Tree;
  /** Decayed mean of their squares. */
  readonly square: Tree;
};

/**
 * Adam: each parameter's step is the decayed mean of its gradients over the root
 * of the decayed mean of their squares, both corrected for starting at zero.
 *
 * @param options learning rate, decays, epsilon
 * @returns the optimizer
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { adam, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const params = { x: tf.scalar(1) };
 * const optimizer = adam({ learningRate: 0.1 });
 * // The first step is the learning rate, whatever the gradient's size.
 * const [updates] = optimizer.update({ x: tf.scalar(42) }, optimizer.init(params), params);
 * assertAlmostEquals(await updates.x.array(), -0.1, 1e-6);
 * ```
 */
export function adam(options: AdamOptions = {}): Optimizer {
  requireOptions("make adam", options, OPTIONS);
  return adamWith("adam", options);
}

/**
 * Adam, with or without weight decay.
 *
 * @throws {RangeError} if an option is out of range
 */
export function adamWith(name: string, options: AdamOptions, decay?: DecayRule): Optimizer {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const schedule = scheduleOf(name, learningRate);
  requireShare(`make ${name}`, "its beta1", beta1);
  requireShare(`make ${name}`, "its beta2", beta2);
  requirePositive(`make ${name}`, "its epsilon", epsilon);
  const average = (share: number, kept: tf.Tensor, fresh: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(kept, share), tf.mul(fresh, 1 - share));
  const optimizer: Optimizer = {
    init: (params): Tree => ({
      count: tf.scalar(0),
      mean: zerosLike(params),
      square: zerosLike(params),
    }),
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const previous = state as AdamState;
      const taken = onDevice(previous.count);
      const count = tf.add(taken, 1);
      const mean = mapTree(([grad, m]) => average(beta1, m!, grad!), grads, previous.mean);
      const square = mapTree(
        ([grad, v]) => average(beta2, v!, tf.square(grad!)),
        grads,
        previous.square,
      );
      const correction1 = correction(beta1, count);
      const correction2 = correction(beta2, count);
      const rate = schedule(taken);
      const step = tf.div(tf.neg(rate), correction1);
      const updates = mapTree(
        ([m, v]) => tf.div(tf.mul(m!, step), tf.add(tf.sqrt(tf.div(v!, correction2)), epsilon)),
        mean,
        square,
      );
      const pulled = decay ? addDecay(updates, tf.mul(rate, -decay.rate), params, decay) : updates;
      return [pulled as P, { count, mean, square }];
    },
  };
  return withFusedStep(optimizer, {
    rule: { kind: "adam", beta1, beta2, epsilon },
    decay,
    schedule,
    moments: ["mean", "square"],
  });
}

/** 1 − βᵗ, by expm1: in float32 the difference itself would lose half its digits. */
function correction(beta: number, count: tf.Tensor): tf.Tensor {
  return beta === 0 ? tf.onesLike(count) : tf.neg(tf.expm1(tf.mul(count, Math.log(beta))));
}
