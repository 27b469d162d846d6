// A factor of an optimizer's steps that the host may change, on top of any learning rate.
import { requirePositive } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Optimizer, stepWith, wrapperOf } from "./optimizer.ts";

/** State of {@linkcode adjustable}: the factor of all updates, and the state of the optimizer. */
export type AdjustableState = { readonly factor: Scalar; readonly inner: Tree };

/**
 * An optimizer whose updates are multiplied by a number in its state, 1 at first: what
 * the callback `plateau` changes, on top of any schedule. The
 * number is a tensor, so that a recorded step ({@linkcode jit}) is replayed with another one.
 *
 * @param optimizer the optimizer
 * @returns the optimizer that can be adjusted
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { adjustable, sgd, start, stepWith, tf } from "@neocog/neocog";
 * import { withFactor } from "./adjustable.ts";
 *
 * await start({ backend: "cpu" });
 * const optimizer = adjustable(sgd({ learningRate: 1 }));
 * const params = { x: tf.scalar(8) };
 * const state = withFactor(optimizer.init(params), 0.25);
 * const [next] = stepWith(optimizer, { x: tf.scalar(4) }, state, params);
 * assertEquals(await next.x.array(), 7);
 * ```
 */
export function adjustable(optimizer: Optimizer): Optimizer {
  return {
    init: (params): Tree => ({ factor: tf.scalar(1), inner: optimizer.init(params) }),
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const { factor, inner } = state as AdjustableState;
      const [updates, next] = optimizer.update(grads, inner, params);
      return [
        mapTree(([update]) => tf.mul(update!, factor), updates),
        { factor: copy(factor), inner: next },
      ];
    },
    ...(optimizer.learningRate && {
      learningRate(state: Tree): Scalar {
        const { factor, inner } = state as AdjustableState;
        return tf.mul(optimizer.learningRate!(inner), factor);
      },
    }),
    step<P extends Tree>(grads: P, state: Tree, params: P, outer?: Scalar): [P, Tree] {
      const { factor, inner } = state as AdjustableState;
      const both = outer ? tf.mul<Scalar>(factor, outer) : factor;
      const [stepped, next] = stepWith(optimizer, grads, inner, params, both);
      return [stepped, { factor: copy(factor), inner: next }];
    },
  };
}

/** A copy: the state that was handed in is the caller's, who may free it. */
function copy(factor: Scalar): Scalar {
  return tf.mul(factor, 1);
}

/**
 * An optimizer's state with another factor in its {@linkcode adjustable}. All other tensors are
 * shared with the state that was given, so that only its old factor is to be freed:
 * `disposeTree(before, after)`.
 *
 * @param state the state of an optimizer that is `adjustable`, or wraps one that is
 * @param factor the factor of updates, a finite number above 0
 * @throws {RangeError} if the factor is not above 0, or the state has none
 */
export function withFactor(state: Tree, factor: number): Tree {
  requirePositive("adjust an optimizer", "the factor", factor);
  return wrapperOf<AdjustableState>(
    state,
    "factor",
    (own) => ({ ...own, factor: tf.scalar(factor) }),
  ).state;
}

/**
 * The factor in an optimizer's state.
 *
 * @returns the factor, shape `[]`; the tensor is the state's
 * @throws {RangeError} if there is none
 */
export function factorOf(state: Tree): Scalar {
  return wrapperOf<AdjustableState>(state, "factor").own.factor;
}
