// Steps that update all parameters at once, where the backend can.
import type { Scalar } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import {
  canUpdateTrees,
  type DecayRule,
  type UpdateRule,
  updateTrees,
} from "../tensor/update_trees.ts";
import { type Optimizer, plainStep } from "./optimizer.ts";
import { lastRate, rateOf, type Schedule } from "./schedule.ts";

/** How an optimizer's step is one update of all parameters. */
export type Fusing = {
  readonly rule: UpdateRule;
  /** What pulls parameters towards zero. */
  readonly decay: DecayRule | undefined;
  readonly schedule: Schedule;
  /**
   * @param state the optimizer's state
   * @returns its statistics, in the rule's order, and its count of steps
   */
  take(state: Tree): { readonly moments: readonly Tree[]; readonly count: Scalar | undefined };
  /**
   * @param moments the next statistics
   * @param count the next count
   * @returns the next state
   */
  put(moments: readonly Tree[], count: Scalar | undefined): Tree;
};

/**
 * An optimizer with steps of its own, see `Optimizer.step`: on other backends, and for other types
 * of tensors, they are those of `update`.
 *
 * @param plain the optimizer by `update`
 * @param fusing its rule, and where its state has what the rule wants
 */
export function fusedSteps(plain: Optimizer, fusing: Fusing): Optimizer {
  const { rule, decay, schedule } = fusing;
  const stepBy = <P extends Tree>(
    grads: P,
    state: Tree,
    params: P,
    factor?: Scalar,
  ): [P, Tree] => {
    const { moments, count } = fusing.take(state);
    if (!canUpdateTrees(params, grads, ...moments)) {
      return plainStep(plain, grads, state, params, factor);
    }
    const rate = rateOf(schedule, count, factor);
    const counted = count ? { count } : {};
    const next = updateTrees({ rule, decay, params, grads, moments, rate, ...counted });
    return [next.params, fusing.put(next.moments, next.count)];
  };
  return {
    ...plain,
    step: (grads, state, params) => stepBy(grads, state, params),
    scaledStep: (...values) => stepBy(...values),
    learningRate: (state) => lastRate(schedule, fusing.take(state).count),
  };
}
