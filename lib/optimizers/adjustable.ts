// A factor of an optimizer's steps that the host may change, and a learning rate need not know of.
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { Optimizer } from "./optimizer.ts";
import { changeState, findState, requireNoAverage } from "./states.ts";

/** State of {@linkcode adjustable}: the factor of all updates, and the state of the optimizer. */
export type AdjustableState = { readonly factor: Scalar; readonly inner: Tree };

const NAMES = ["factor", "inner"];

/**
 * An optimizer whose updates are multiplied by a number in its state, 1 at first: what
 * {@linkcode reduceOnPlateau} changes by {@linkcode withFactor}, on top of any schedule. The
 * number is a tensor, so that a recorded step ({@linkcode jit}) is replayed with another one.
 *
 * @param optimizer the optimizer
 * @returns the optimizer that can be adjusted. Its `init` throws a `RangeError` where there is an
 * {@linkcode ema} in the optimizer, which would average parameters that never were
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { adjustable, sgd, start, stepWith, tf, withFactor } from "@neocog/neocog";
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
    init(params): Tree {
      const inner = optimizer.init(params);
      requireNoAverage(inner, "adjust an optimizer");
      return { factor: tf.scalar(1), inner };
    },
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const { factor, inner } = state as AdjustableState;
      const [updates, next] = optimizer.update(grads, inner, params);
      // A copy: the state that was handed in is the caller's, who may free it.
      return [
        mapTree(([update]) => tf.mul(update!, factor), updates),
        { factor: tf.mul(factor, 1), inner: next },
      ];
    },
    ...(optimizer.learningRate && {
      learningRate(state: Tree): Scalar {
        const { factor, inner } = state as AdjustableState;
        return tf.mul(optimizer.learningRate!(inner), factor);
      },
    }),
    ...(optimizer.scaledStep && {
      step<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
        const { factor, inner } = state as AdjustableState;
        const [stepped, next] = optimizer.scaledStep!(grads, inner, params, factor);
        return [stepped, { factor: tf.mul(factor, 1), inner: next }];
      },
    }),
  };
}

/**
 * An optimizer's state with another factor in its {@linkcode adjustable}. All other tensors are
 * shared with the state that was given, so that only its old factor is to be freed:
 * `disposeTree(before, after)`.
 *
 * @param state the state of an optimizer with one `adjustable` in it, wherever
 * @param factor the factor of updates, a finite number above 0
 * @returns the state
 * @throws {RangeError} where the factor is not above 0, or the state has no or several `adjustable`
 */
export function withFactor(state: Tree, factor: number): Tree {
  if (!(Number.isFinite(factor) && factor > 0)) {
    throw new RangeError(
      `Cannot adjust an optimizer: the factor must be a finite number above 0, got ${factor}`,
    );
  }
  return changeState(state, NAMES, "what to adjust", (own) => ({
    ...own,
    factor: tf.scalar(factor),
  }));
}

/**
 * The factor in an optimizer's state.
 *
 * @param state the state of an optimizer with one {@linkcode adjustable} in it, wherever
 * @returns the factor, shape `[]`; the tensor is the state's
 * @throws {RangeError} where there is none, or several
 */
export function factorOf(state: Tree): Scalar {
  return (findState(state, NAMES, "a factor") as AdjustableState).factor;
}
