// Bounds for gradients: of their norm over all parameters, and of each number.
import { requirePositive } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { leaves, mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { Optimizer } from "./optimizer.ts";

/** What PyTorch adds to the norm before it divides by it. */
const NORM_EPSILON = 1e-6;

/**
 * Shortens gradients whose norm over all parameters is above a bound, and keeps their direction:
 * g ← g · min(1, c / (‖g‖ + 10⁻⁶)), PyTorch's `clip_grad_norm_` (Pascanu et al., "On the difficulty
 * of training recurrent neural networks", ICML 2013). A norm beyond float32's reach, 1.8 · 10¹⁹,
 * is infinite, and its step moves nothing.
 *
 * @param most the bound c, above 0
 * @returns the transformation
 * @throws {RangeError} if the bound is not a finite number above 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { clipByNorm, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const grads = { a: tf.scalar(30), b: tf.scalar(40) };
 * const [clipped] = clipByNorm(1).update(grads, {}, grads);
 * assertAlmostEquals(await clipped.a.array(), 0.6, 1e-6);
 * assertAlmostEquals(await clipped.b.array(), 0.8, 1e-6);
 * ```
 */
export function clipByNorm(most: number): Optimizer {
  requirePositive("clip gradients", "the norm", most);
  return {
    init: () => ({}),
    update<P extends Tree>(grads: P, state: Tree): [P, Tree] {
      if (leaves(grads).length === 0) return [grads, state];
      const factor = tf.minimum(tf.div(most, tf.add(globalNorm(grads), NORM_EPSILON)), 1);
      return [mapTree(([grad]) => tf.mul(grad!, factor), grads), state];
    },
  };
}

/**
 * Bounds each number of the gradients: g ← min(c, max(−c, g)), PyTorch's `clip_grad_value_`.
 *
 * @param most the bound c, above 0
 * @returns the transformation
 * @throws {RangeError} if the bound is not a finite number above 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clipByValue, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const grads = { x: tf.tensor1d([-3, 0.25, 7]) };
 * const [clipped] = clipByValue(0.5).update(grads, {}, grads);
 * assertEquals(await clipped.x.array(), [-0.5, 0.25, 0.5]);
 * ```
 */
export function clipByValue(most: number): Optimizer {
  requirePositive("clip gradients", "the value", most);
  return {
    init: () => ({}),
    update: (grads, state) => [
      mapTree(([grad]) => tf.clipByValue(grad!, -most, most), grads),
      state,
    ],
  };
}

/**
 * The root of the sum of squares over all leaves of a tree.
 *
 * @param tree gradients, or other tensors
 * @returns the norm, shape `[]`; 0 of no leaves
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { start, tf } from "@neocog/neocog";
 * import { globalNorm } from "./clip.ts";
 *
 * await start({ backend: "cpu" });
 * const norm = globalNorm({ a: tf.scalar(3), b: { c: tf.tensor1d([0, 4]) } });
 * assertAlmostEquals(await norm.array(), 5, 1e-6);
 * ```
 */
export function globalNorm(tree: Tree): Scalar {
  return tf.tidy(() => {
    const squares = leaves(tree).map((leaf) => tf.sum(tf.square(leaf)));
    if (squares.length === 0) return tf.scalar(0);
    // Not addN, which would bind as many buffers as there are leaves.
    return tf.sqrt(tf.sum(tf.stack(squares))) as Scalar;
  });
}
