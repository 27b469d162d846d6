// RMSProp. Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.
import { requireOptions, requirePositive, requireShare } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { UpdateRule } from "../tensor/update_trees.ts";
import { withFusedStep } from "./fused_step.ts";
import { type Optimizer, zerosLike } from "./optimizer.ts";
import { type LearningRate, onDevice, scheduleOf } from "./schedule.ts";
import { addDecay, decayOf, type DecayOptions } from "./weight_decay.ts";

const OPTIONS: Readonly<Record<keyof RmspropOptions, true>> = {
  learningRate: true,
  smoothing: true,
  epsilon: true,
  centered: true,
  momentum: true,
  weightDecay: true,
  decay: true,
};

/** Options of {@linkcode rmsprop}. */
export type RmspropOptions = DecayOptions & {
  /** Step size, above 0, or a schedule of it. Default: 0.01. */
  readonly learningRate?: LearningRate;
  /** Decay of the mean of squares, from 0 up to but not including 1. Default: 0.99. */
  readonly smoothing?: number;
  /** Added to the root, above 0. Default: 1e-8. */
  readonly epsilon?: number;
  /** Whether the square of the gradients' mean is taken off the mean square (Graves 2013). Default: `false`. */
  readonly centered?: boolean;
  /** Share of the last step that is taken again, from 0 up to but not including 1. Default: 0. */
  readonly momentum?: number;
  /** λ, from 0: added to gradients as λ p. Default: 0. */
  readonly weightDecay?: number;
};

/** State of {@linkcode rmsprop}. */
type RmspropState = {
  readonly count: Scalar;
  readonly square: Tree;
  readonly mean?: Tree;
  readonly velocity?: Tree;
};

/**
 * RMSProp as in PyTorch: s ← α s + (1 − α) g², p ← p − η g / (√s + ε). Centered, the root is that
 * of s − a², where a is the gradients' mean of the same decay (Graves, "Generating sequences with
 * recurrent neural networks", 2013, eq. 38–45). With momentum v ← m v + g / (√s + ε), p ← p − η v.
 *
 * @param options learning rate, decay, epsilon, centering, momentum, weight decay
 * @returns the optimizer
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { rmsprop, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const params = { x: tf.scalar(1) };
 * const optimizer = rmsprop({ learningRate: 0.1, smoothing: 0.75 });
 * // The first mean square is (1 − 0.75) · 42², so that the step is 0.1 / 0.5.
 * const [updates] = optimizer.update({ x: tf.scalar(42) }, optimizer.init(params), params);
 * assertAlmostEquals(await updates.x.array(), -0.2, 1e-6);
 * ```
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  requireOptions("make rmsprop", options, OPTIONS);
  const { learningRate = 0.01, smoothing = 0.99, epsilon = 1e-8 } = options;
  const { centered = false, momentum = 0 } = options;
  const schedule = scheduleOf("rmsprop", learningRate);
  requireShare("make rmsprop", "its smoothing", smoothing);
  requirePositive("make rmsprop", "its epsilon", epsilon);
  requireShare("make rmsprop", "its momentum", momentum);
  const decay = decayOf("rmsprop", options.weightDecay ?? 0, false, options.decay);
  const rule = { kind: "rmsprop", smoothing, epsilon, centered, momentum } as const;
  const optimizer: Optimizer = {
    init: (params): Tree => ({
      count: tf.scalar(0),
      square: zerosLike(params),
      ...(centered && { mean: zerosLike(params) }),
      ...(momentum > 0 && { velocity: zerosLike(params) }),
    }),
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const previous = state as RmspropState;
      const pulled = decay ? addDecay(grads, decay.rate, params, decay) : grads;
      const [moved, moments] = move(rule, pulled, previous);
      const rate = tf.neg(schedule(onDevice(previous.count)));
      const updates = mapTree(([leaf]) => tf.mul(leaf!, rate), moved);
      return [updates, { count: tf.add(previous.count, 1), ...moments }];
    },
  };
  return withFusedStep(optimizer, {
    rule,
    decay,
    schedule,
    moments: ["square", ...(centered ? ["mean"] : []), ...(momentum > 0 ? ["velocity"] : [])],
  });
}

/** What is multiplied by the learning rate, and the next statistics. */
function move<P extends Tree>(
  rule: UpdateRule & { readonly kind: "rmsprop" },
  grads: P,
  state: RmspropState,
): [P, Omit<RmspropState, "count">] {
  const { smoothing, epsilon, centered, momentum } = rule;
  const average = (kept: tf.Tensor, fresh: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(kept, smoothing), tf.mul(fresh, 1 - smoothing));
  const square = mapTree(([grad, s]) => average(s!, tf.square(grad!)), grads, state.square);
  const mean = centered ? mapTree(([grad, a]) => average(a!, grad!), grads, state.mean!) : {};
  // Rounding must not take the root of less than zero.
  const variance = centered
    ? mapTree(([s, a]) => tf.maximum(tf.sub(s!, tf.square(a!)), 0), square, mean)
    : square;
  const scaled = mapTree(
    ([grad, s]) => tf.div(grad!, tf.add(tf.sqrt(s!), epsilon)),
    grads,
    variance,
  );
  const statistics = { square, ...(centered && { mean }) };
  if (momentum === 0) return [scaled, statistics];
  const velocity = mapTree(
    ([step, v]) => tf.add(tf.mul(v!, momentum), step!),
    scaled,
    state.velocity!,
  );
  return [velocity, { ...statistics, velocity }];
}
