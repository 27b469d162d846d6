// Steps that update all parameters at once, if the backend can.
import type { Scalar } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import {
  canUpdateTrees,
  type DecayRule,
  type UpdateRule,
  updateTrees,
} from "../tensor/update_trees.ts";
import { type Optimizer, stepWith } from "./optimizer.ts";
import { lastRate, rateOf, type Schedule } from "./schedule.ts";

/** How an optimizer's step is one update of all parameters. */
export type Fusing = {
  readonly rule: UpdateRule;
  /** What pulls parameters towards zero. */
  readonly decay: DecayRule | undefined;
  readonly schedule: Schedule;
  /** The names of the statistics in the optimizer's state, in the rule's order. */
  readonly moments: readonly string[];
};

/**
 * An optimizer with a fused step, see `Optimizer.step`. On other backends, and for other types of
 * tensors, the step is that of `update`.
 *
 * @param plain the optimizer by `update`, whose state is a record of `count` (if it counts) and moments
 */
export function withFusedStep(
  plain: Optimizer,
  { rule, decay, schedule, moments: names }: Fusing,
): Optimizer {
  return {
    ...plain,
    learningRate: (state) => lastRate(schedule, (state as { readonly count?: Scalar }).count),
    step<P extends Tree>(grads: P, state: Tree, params: P, factor?: Scalar): [P, Tree] {
      const held = state as { readonly count?: Scalar; readonly [name: string]: Tree | undefined };
      const moments = names.map((name) => held[name]!);
      if (!canUpdateTrees(params, grads, ...moments)) {
        return stepWith(plain, grads, state, params, factor);
      }
      const { count } = held;
      const rate = rateOf(schedule, count, factor);
      const counted = count ? { count } : {};
      const next = updateTrees({ rule, decay, params, grads, moments, rate, ...counted });
      return [next.params, {
        ...(next.count && { count: next.count }),
        ...Object.fromEntries(names.map((name, i) => [name, next.moments[i]!])),
      }];
    },
  };
}
