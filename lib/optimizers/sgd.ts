// Stochastic gradient descent, with momentum.
import { mapTree, type Tree } from "../tensor/tree.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { DecayRule, UpdateRule } from "../tensor/update_trees.ts";
import { chain } from "./chain.ts";
import { requireLearningRate, requireShare } from "./demands.ts";
import { fusedSteps } from "./fused_steps.ts";
import { type Optimizer, scaleUpdates } from "./optimizer.ts";
import { descend, type LearningRate, scheduleOf } from "./schedule.ts";
import { addDecay, decayOf, type DecayOptions } from "./weight_decay.ts";

/** Options of {@linkcode sgd}. */
export type SgdOptions = DecayOptions & {
  /** Step size, above 0, or a schedule of it. Default: 0.01. */
  readonly learningRate?: LearningRate;
  /** Share of the last step that is taken again, from 0 up to but not including 1. Default: 0. */
  readonly momentum?: number;
  /** Whether the gradient is looked up ahead of the step (Nesterov 1983); needs momentum. Default: `false`. */
  readonly nesterov?: boolean;
  /** λ, from 0: added to gradients as λ p. Default: 0. */
  readonly weightDecay?: number;
};

/**
 * Gradient descent as in PyTorch: v ← m · v + g, p ← p − η · v; with Nesterov's
 * momentum p ← p − η · (g + m · v). With weight decay g is the gradient and λ p.
 *
 * @param options learning rate, momentum, Nesterov, weight decay and what it is for
 * @returns the optimizer
 * @throws {RangeError} where an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { applyUpdates, sgd, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const params = { x: tf.scalar(1) };
 * const optimizer = sgd({ learningRate: 0.1 });
 * const [updates] = optimizer.update({ x: tf.scalar(2) }, optimizer.init(params), params);
 * assertAlmostEquals(await applyUpdates(params, updates).x.array(), 0.8, 1e-6);
 * ```
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate = 0.01, momentum = 0, nesterov = false } = options;
  const steps = typeof learningRate === "number" ? descendBy(learningRate) : descend(learningRate);
  requireShare("sgd", "momentum", momentum);
  if (nesterov && momentum === 0) {
    throw new RangeError(
      "Cannot make sgd: Nesterov's look-ahead needs a momentum above 0, got 0",
    );
  }
  const decay = decayOf("sgd", options.weightDecay ?? 0, false, options.decay);
  if (momentum === 0) return fused(steps, { kind: "sgd" }, learningRate, decay);
  const kind = nesterov ? "nesterov" : "momentum";
  return fused(chain(trace(momentum, nesterov), steps), { kind, momentum }, learningRate, decay);
}

/** The state of `descend`: the steps taken, which a constant rate does without. */
type Counted = { readonly count?: Scalar };

/** The optimizer with a step that updates all parameters at once where the backend can. */
function fused(
  plain: Optimizer,
  rule: UpdateRule,
  learningRate: LearningRate,
  decay: DecayRule | undefined,
): Optimizer {
  const optimizer: Optimizer = {
    init: plain.init,
    update: (grads, state, params) =>
      plain.update(decay ? addDecay(grads, decay.rate, params, decay) : grads, state, params),
  };
  const hasVelocity = rule.kind !== "sgd";
  return fusedSteps(optimizer, {
    rule,
    decay,
    schedule: scheduleOf("sgd", learningRate),
    take(state) {
      if (!hasVelocity) return { moments: [], count: (state as Counted).count };
      const { 0: velocity, 1: counted } = state as Traced;
      return { moments: [velocity], count: counted.count };
    },
    put([velocity], count) {
      const counted: Tree = count ? { count } : {};
      return hasVelocity ? { 0: velocity!, 1: counted } : counted;
    },
  });
}

/** The state of a chain of `trace` and `descend`. */
type Traced = { readonly 0: Tree; readonly 1: Counted };

/** Steps of a constant size, which need no count. */
function descendBy(learningRate: number): Optimizer {
  requireLearningRate("sgd", learningRate);
  return scaleUpdates(-learningRate);
}

/** Accumulates gradients into a velocity, `v ← m · v + g`. */
function trace(momentum: number, nesterov: boolean): Optimizer {
  const advance = ([grad, velocity]: tf.Tensor[]): tf.Tensor =>
    tf.add(tf.mul(velocity!, momentum), grad!);
  return {
    init: (params) => mapTree(([leaf]) => tf.zerosLike(leaf!), params),
    update<P extends Tree>(grads: P, state: Tree): [P, Tree] {
      const velocity = mapTree(advance, grads, state);
      return [
        nesterov ? mapTree(([grad, v]) => advance([grad!, v!]), grads, velocity) : velocity,
        velocity,
      ];
    },
  };
}
