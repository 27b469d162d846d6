// Gradients of several steps as one: batches larger than memory.
import { requireWhole } from "../text/require.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Optimizer, stepWith, zerosLike } from "./optimizer.ts";

/** State of {@linkcode accumulate}. */
type AccumulateState = {
  /** Gradients summed since the last update. */
  readonly count: Scalar;
  readonly sum: Tree;
  /** The state of the optimizer. */
  readonly inner: Tree;
};

/**
 * An optimizer that takes a step with the mean of every `every` gradients, and none between: k
 * batches of n images give the step of one batch of k · n. Its counts and schedules count these
 * steps. Gradients left over at the end of an epoch go into the next step.
 *
 * The optimizer is computed for each batch and its result used for every k-th, as the device
 * decides that without being read: this saves memory, not the optimizer's time.
 *
 * @param optimizer the optimizer
 * @param every gradients a step, k, from 1
 * @returns the accumulating optimizer
 * @throws {RangeError} if `every` is not a whole number from 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { accumulate, sgd, start, stepWith, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const optimizer = accumulate(sgd({ learningRate: 0.5 }), 2);
 * const params = { x: tf.scalar(1) };
 * const [first, state] = stepWith(optimizer, { x: tf.scalar(1) }, optimizer.init(params), params);
 * const [second] = stepWith(optimizer, { x: tf.scalar(3) }, state, first);
 * assertEquals([await first.x.array(), await second.x.array()], [1, 0]); // 1 − 0.5 · (1 + 3) / 2
 * ```
 */
export function accumulate(optimizer: Optimizer, every: number): Optimizer {
  requireWhole("make an accumulation", "its steps", every);
  /** The mean so far, whether it is complete, and the next state but for `inner`. */
  const gather = (grads: Tree, { count, sum }: AccumulateState) => {
    const total = mapTree(([grad, s]) => tf.add(s!, grad!), grads, sum);
    const next = tf.add(count, 1);
    const isFull = tf.greaterEqual(next, every);
    const emptied = mapTree(([s]) => choose(isFull, tf.zerosLike(s!), s!), total);
    const rest = { count: choose(isFull, tf.zerosLike(next), next), sum: emptied };
    return { mean: mapTree(([s]) => tf.div(s!, every), total), isFull, rest };
  };
  const chooseTree = <T extends Tree>(isFull: Tensor, fresh: T, kept: Tree): T =>
    mapTree(([one, other]) => choose(isFull, one!, other!), fresh, kept);
  return {
    ...(optimizer.learningRate && {
      learningRate: (state: Tree) => optimizer.learningRate!((state as AccumulateState).inner),
    }),
    init: (params): Tree => ({
      count: tf.scalar(0),
      sum: zerosLike(params),
      inner: optimizer.init(params),
    }),
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const { inner } = state as AccumulateState;
      const { mean, isFull, rest } = gather(grads, state as AccumulateState);
      const [updates, next] = optimizer.update(mean as P, inner, params);
      const still = zerosLike(updates);
      return [
        chooseTree(isFull, updates, still),
        { ...rest, inner: chooseTree(isFull, next, inner) },
      ];
    },
    step<P extends Tree>(grads: P, state: Tree, params: P, factor?: Scalar): [P, Tree] {
      const { inner } = state as AccumulateState;
      const { mean, isFull, rest } = gather(grads, state as AccumulateState);
      const [stepped, next] = stepWith(optimizer, mean as P, inner, params, factor);
      return [
        chooseTree(isFull, stepped, params),
        { ...rest, inner: chooseTree(isFull, next, inner) },
      ];
    },
  };
}

/** One of two tensors; a NaN in the other does not reach it, as it would in a weighted sum. */
function choose<T extends Tensor>(first: Tensor, one: T, other: Tensor): T {
  return tf.where(first, one, other) as T;
}
