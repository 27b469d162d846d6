// Gradients of functions of trees.
import { tf } from "./tf.ts";
import type { Scalar, Tensor } from "./tensor.ts";
import { leaves, mapTree, type Tree } from "./tree.ts";

/** What {@linkcode valueAndGrad} answers. */
export type ValueAndGrad<P extends Tree, A extends Tree> = {
  /** The function's value, shape `[]`. */
  readonly value: Scalar;
  /** Its gradient by each leaf of the first argument, of that leaf's shape. */
  readonly grads: P;
  /** What else the function answered. */
  readonly aux: A;
};

/**
 * Turns a scalar function of a tree into one that also answers its gradient.
 * As in JAX, a leaf the value does not depend on has gradient zero.
 *
 * @param f given a tree of tensors and further arguments, answers the value and a tree of whatever else is wanted of the same pass (a state, predictions)
 * @returns the function of the same arguments; the caller owns what it answers
 * @throws {TypeError} where the value is not a scalar
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tf, valueAndGrad } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const square = valueAndGrad((p: { x: tf.Tensor }) => [tf.sum(tf.square(p.x)).asScalar(), {}]);
 * const { value, grads } = square({ x: tf.tensor1d([1, 2]) });
 * assertEquals(await value.array(), 5);
 * assertEquals(await grads.x.array(), [2, 4]);
 * ```
 */
export function valueAndGrad<P extends Tree, A extends Tree, Rest extends unknown[]>(
  f: (tree: P, ...rest: Rest) => [value: Scalar, aux: A],
): (tree: P, ...rest: Rest) => ValueAndGrad<P, A> {
  return (tree, ...rest) => {
    const engine = tf.engine() as unknown as ScopedEngine;
    const inputs = leaves(tree);
    // Tensors made from here on have greater numbers: those of `aux` are the function's own.
    const firstId = engine.nextTensorId();
    let aux: A | undefined;
    const { value, grads } = engine.gradients(
      () => {
        const [scalar, rider] = f(tree, ...rest);
        requireScalar(scalar);
        aux = rider;
        for (const leaf of leaves(rider)) if (leaf.id > firstId) tf.keep(leaf);
        return scalar;
      },
      inputs,
      undefined,
      true,
    );
    for (const leaf of leaves(aux!)) if (leaf.id > firstId) releaseToScope(leaf);
    let next = 0;
    const gradient = mapTree(([leaf]) => grads[next++] ?? tf.zerosLike(leaf!), tree);
    return { value: value as Scalar, grads: gradient, aux: aux! };
  };
}

/** The part of tfjs's engine used here, some of which its types hide. */
type ScopedEngine = {
  nextTensorId(): number;
  track(tensor: Tensor): Tensor;
  gradients(
    f: () => Scalar,
    inputs: Tensor[],
    upstream: undefined,
    allowNoGradients: true,
  ): { value: Tensor; grads: (Tensor | null)[] };
};

/** Gives a kept tensor back to the `tidy` around the call, if there is one. */
function releaseToScope(leaf: Tensor): void {
  leaf.kept = false;
  (tf.engine() as unknown as ScopedEngine).track(leaf);
}

function requireScalar(value: Tensor): void {
  if (value.rank !== 0) {
    throw new TypeError(
      `Cannot take a gradient as the function's value must be a scalar: current value has shape [${value.shape}]`,
    );
  }
}
