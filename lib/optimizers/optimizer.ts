// The contract of optimizers, after optax: pure transformations of gradients, which chain.
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";

/**
 * A gradient transformation: a pair of pure functions. What the last one of a
 * chain answers is added to the parameters.
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
   * @returns the transformed gradients, and the next state
   */
  update<P extends Tree>(grads: P, state: S, params: P): [updates: P, state: S];
  /**
   * Optional: `update` and {@linkcode applyUpdates} at once, where that takes the device less. It
   * gives the same numbers, up to the order of rounding.
   *
   * @param grads gradients, or what another transformation made of them
   * @param state the state
   * @param params the parameters
   * @returns the next parameters, and the next state
   */
  step?<P extends Tree>(grads: P, state: S, params: P): [params: P, state: S];
  /**
   * Optional: `step` with its updates multiplied by a number, as {@linkcode adjustable} wants them.
   *
   * @param grads gradients, or what another transformation made of them
   * @param state the state
   * @param params the parameters
   * @param factor the number, shape `[]`
   * @returns the next parameters, and the next state
   */
  scaledStep?<P extends Tree>(
    grads: P,
    state: S,
    params: P,
    factor: Scalar,
  ): [params: P, state: S];
  /**
   * Optional: for a transformation that answers what it is given, and only looks at the parameters
   * that come of it, as {@linkcode ema} does. At the end of a chain it leaves the others their own
   * steps.
   *
   * @param params the next parameters
   * @param state the state
   * @returns the next state
   */
  observe?(params: Tree, state: S): S;
  /**
   * Optional: the learning rate of the step that led to a state, for reports.
   *
   * @param state the state, after at least one step
   * @returns the rate, shape `[]`; of several the highest
   */
  learningRate?(state: S): Scalar;
};

/**
 * One step of an optimizer: its own `step` where it has one, else `update` and
 * {@linkcode applyUpdates}.
 *
 * @param optimizer the optimizer
 * @param grads gradients
 * @param state the optimizer's state
 * @param params the parameters
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
): [params: P, state: S] {
  if (optimizer.step) return optimizer.step(grads, state, params);
  return plainStep(optimizer, grads, state, params);
}

/**
 * A step by `update` and {@linkcode applyUpdates}, where there is no faster one.
 *
 * @param optimizer the optimizer
 * @param grads gradients
 * @param state the optimizer's state
 * @param params the parameters
 * @param factor what multiplies the updates
 */
export function plainStep<P extends Tree, S extends Tree>(
  optimizer: Optimizer<S>,
  grads: P,
  state: S,
  params: P,
  factor?: Scalar,
): [params: P, state: S] {
  const [updates, next] = optimizer.update(grads, state, params);
  const scaled = factor ? mapTree(([update]) => tf.mul(update!, factor), updates) : updates;
  return [applyUpdates(params, scaled), next];
}

/**
 * Multiplies gradients by a number.
 *
 * @param factor the number
 * @returns the transformation
 * @throws {RangeError} where `factor` is not finite
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
  if (!Number.isFinite(factor)) {
    throw new RangeError(
      `Cannot scale gradients: the factor must be finite, got ${factor}`,
    );
  }
  return {
    init: () => ({}),
    update: (grads, state) => [mapTree(([grad]) => tf.mul(grad!, factor), grads), state],
  };
}

/**
 * The parameters with updates added.
 *
 * @param params the parameters
 * @param updates what an optimizer answered
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
