// The contract of optimisers, after optax: pure transformations of gradients, which chain.
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireNoAverage } from "./states.ts";

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
   * Optional: for a transformation that answers what it is given, and only looks at the parameters
   * that come of it, as {@linkcode ema} does. At the end of a chain it leaves the others their own
   * steps.
   *
   * @param params the next parameters
   * @param state the state
   * @returns the next state
   */
  observe?(params: Tree, state: S): S;
};

/**
 * One step of an optimiser: its own `step` where it has one, else `update` and
 * {@linkcode applyUpdates}.
 *
 * @param optimizer the optimiser
 * @param grads gradients
 * @param state the optimiser's state
 * @param params the parameters
 * @returns the next parameters and state
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scale, start, stepWith, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [next] = stepWith(scale(-0.5), { x: tf.scalar(4) }, {}, { x: tf.scalar(1) });
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
  const [updates, next] = optimizer.update(grads, state, params);
  return [applyUpdates(params, updates), next];
}

/**
 * Transformations one after another.
 *
 * @param steps the transformations, in the order they are applied
 * @returns one transformation. Its `init` throws a `RangeError` where an {@linkcode ema} comes before
 * what still moves parameters
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chain, scale, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const both = chain(scale(2), scale(-3));
 * const grads = { x: tf.scalar(1) };
 * const [updates] = both.update(grads, both.init(grads), grads);
 * assertEquals(await updates.x.array(), -6);
 * ```
 */
export function chain(...steps: readonly Optimizer[]): Optimizer {
  type States = { readonly [name: string]: Tree };
  const updateBy = <P extends Tree>(count: number, grads: P, state: Tree, params: P) => {
    const next: Record<string, Tree> = {};
    let updates = grads;
    for (const [i, step] of steps.slice(0, count).entries()) {
      [updates, next[i]] = step.update(updates, (state as States)[i]!, params);
    }
    return [updates, next] as [P, Record<string, Tree>];
  };
  // The last that moves anything; those after it look on.
  const last = steps.findLastIndex(({ observe }) => !observe);
  return {
    init(params): Tree {
      const states = steps.map((step) => step.init(params));
      states.slice(0, Math.max(0, last)).forEach((state) =>
        requireNoAverage(state, "chain transformations")
      );
      return Object.fromEntries(states.map((state, i) => [`${i}`, state]));
    },
    update: (grads, state, params) => updateBy(steps.length, grads, state, params),
    ...(steps[last]?.step && {
      step<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
        const [updates, next] = updateBy(last, grads, state, params);
        const own = (i: number): Tree => (state as States)[i]!;
        const [stepped, ownNext] = stepWith(steps[last]!, updates, own(last), params);
        const after = steps.slice(last + 1).map(({ observe }, i) => {
          const place = last + 1 + i;
          return [place, observe!(stepped, own(place))] as const;
        });
        return [stepped, { ...next, [last]: ownNext, ...Object.fromEntries(after) }];
      },
    }),
  };
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
 * import { scale, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [updates] = scale(-0.5).update({ x: tf.scalar(4) }, {}, { x: tf.scalar(1) });
 * assertEquals(await updates.x.array(), -2);
 * ```
 */
export function scale(factor: number): Optimizer {
  if (!Number.isFinite(factor)) {
    throw new RangeError(
      `Cannot scale gradients as the factor must be finite: current value is ${factor}`,
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
 * @param updates what an optimiser answered
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
