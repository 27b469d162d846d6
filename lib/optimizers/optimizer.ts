// The contract of optimizers, after optax: pure transformations of gradients, which chain.
import { requireRange } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";

/**
 * An optimizer, or a transformation of gradients to {@linkcode chain} with others: pure functions
 * of gradients, a state and the parameters. The updates that the last one returns are added to the
 * parameters.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chain, mapTree, scaleUpdates, start, stepWith, tf, type Optimizer } from "@neocog/neocog";
 *
 * // The sign of each gradient: every number moves by the same amount.
 * const signs: Optimizer = {
 *   init: () => ({}),
 *   update: (grads, state) => [mapTree(([grad]) => tf.sign(grad!), grads), state],
 * };
 *
 * await start({ backend: "cpu" });
 * const optimizer = chain(signs, scaleUpdates(-0.5));
 * const params = { x: tf.tensor1d([1, 2]) };
 * const grads = { x: tf.tensor1d([42, -0.1]) };
 * const [next] = stepWith(optimizer, grads, optimizer.init(params), params);
 * assertEquals(await next.x.array(), [0.5, 2.5]);
 * ```
 */
export type Optimizer<S extends Tree = Tree> = {
  /**
   * @param params the parameters to be trained
   * @returns the first state
   */
  init(params: Tree): S;
  /**
   * @param grads gradients, or what another transformation made of them
   * @param state the state
   * @param params the parameters
   * @returns the transformed gradients and the next state
   */
  update<P extends Tree>(grads: P, state: S, params: P): [updates: P, state: S];
  /**
   * Optional: the fused step, `update` and {@linkcode applyUpdates} in one, if that takes the
   * device less work. It returns the same numbers, up to the order of rounding.
   *
   * @param grads gradients, or what another transformation made of them
   * @param state the state
   * @param params the parameters
   * @param factor multiplies the updates, shape `[]`. Default: 1
   * @returns the next parameters and the next state
   */
  step?<P extends Tree>(
    grads: P,
    state: S,
    params: P,
    factor?: Scalar,
  ): [params: P, state: S];
  /**
   * Optional: the learning rate of the step that led to a state, for reports.
   *
   * @param state the state, after at least one step
   * @returns the rate, shape `[]`; of several the highest
   */
  learningRate?(state: S): Scalar;
};

/**
 * One step of an optimizer: its fused `step` if it has one, else `update` and
 * {@linkcode applyUpdates}.
 *
 * @param optimizer the optimizer
 * @param grads gradients
 * @param state the optimizer's state
 * @param params the parameters
 * @param factor multiplies the updates, shape `[]`. Default: 1
 * @returns the next parameters and state
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scaleUpdates, start, stepWith, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [next] = stepWith(scaleUpdates(-0.5), { x: tf.scalar(4) }, {}, { x: tf.scalar(1) });
 * assertEquals(await next.x.array(), -1);
 * ```
 */
export function stepWith<P extends Tree, S extends Tree>(
  optimizer: Optimizer<S>,
  grads: P,
  state: S,
  params: P,
  factor?: Scalar,
): [params: P, state: S] {
  if (optimizer.step) return optimizer.step(grads, state, params, factor);
  const [updates, next] = optimizer.update(grads, state, params);
  const scaled = factor ? mapTree(([update]) => tf.mul(update!, factor), updates) : updates;
  return [applyUpdates(params, scaled), next];
}

/**
 * Multiplies gradients by a number.
 *
 * @param factor the number
 * @returns the transformation
 * @throws {RangeError} if `factor` is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scaleUpdates, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [updates] = scaleUpdates(-0.5).update({ x: tf.scalar(4) }, {}, { x: tf.scalar(1) });
 * assertEquals(await updates.x.array(), -2);
 * ```
 */
export function scaleUpdates(factor: number): Optimizer {
  requireRange("scale updates", "the factor must be finite", Number.isFinite(factor), factor);
  return {
    init: () => ({}),
    update: (grads, state) => [mapTree(([grad]) => tf.mul(grad!, factor), grads), state],
  };
}

/**
 * The parameters with updates added.
 *
 * @param params the parameters
 * @param updates what an optimizer returned
 * @returns the next parameters
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { applyUpdates, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const next = applyUpdates({ x: tf.scalar(1) }, { x: tf.scalar(-0.25) });
 * assertEquals(await next.x.array(), 0.75);
 * ```
 */
export function applyUpdates<P extends Tree>(params: P, updates: P): P {
  return mapTree(([param, update]) => tf.add(param!, update!), params, updates);
}

/** A tree of zeros of the form of another: what sums and averages of gradients begin as. */
export function zerosLike<P extends Tree>(params: P): P {
  return mapTree(([leaf]) => tf.zerosLike(leaf!), params);
}

/**
 * The record that holds a name in the state of an optimizer that wraps another (`adjustable`,
 * `ema`, `accumulate`): the state itself, or that of the optimizer within, however deep.
 *
 * @param name the name in the record, `factor`
 * @param change what the record is replaced by. Default: itself
 * @throws {RangeError} if there is none
 */
export function wrapperOf<T extends Tree>(
  state: Tree,
  name: string,
  change: (own: T) => Tree = (own) => own,
): { readonly own: T; readonly state: Tree } {
  const record = state === null || state instanceof tf.Tensor ? {} : state;
  if (!Object.hasOwn(record, "inner")) {
    throw new RangeError(
      `Cannot find "${name}" in an optimizer's state: it must be that of the outermost optimizer, or of one that this wraps, got a state of [${
        Object.keys(record).join(", ")
      }]`,
    );
  }
  if (Object.hasOwn(record, name)) return { own: state as T, state: change(state as T) };
  const found = wrapperOf(record.inner!, name, change);
  return { own: found.own, state: { ...record, inner: found.state } };
}
