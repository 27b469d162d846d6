// Gradients of functions of trees.
import "./gradients/mod.ts";
import { tf } from "./tf.ts";
import type { Scalar, Tensor } from "./tensor.ts";
import { leaves, mapTree, type Tree } from "./tree.ts";

/** What {@linkcode valueAndGrad} returns. */
export type ValueAndGrad<P extends Tree, A extends Tree> = {
  /** The function's value, shape `[]`. */
  readonly value: Scalar;
  /** Its gradient by each leaf of the first argument, of that leaf's shape. */
  readonly grads: P;
  /** What else the function returned. */
  readonly aux: A;
};

/**
 * Turns a scalar function of a tree into one that also returns its gradient.
 * As in JAX, a leaf the value does not depend on has gradient zero.
 *
 * @param f given a tree of tensors and further arguments, returns the value and a tree of whatever else is wanted of the same pass (a state, predictions)
 * @returns the function of the same arguments; the caller owns what it returns
 * @throws {TypeError} if the value is not a scalar
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
    let answer: { readonly value: Scalar; readonly aux: A; readonly own: Tensor[] } | undefined;
    const forward = (): Scalar => {
      const [value, aux] = f(tree, ...rest);
      requireScalar(value);
      const own = leaves(aux).filter(({ id }) => id > firstId);
      answer = { value, aux, own };
      own.forEach((leaf) => tf.keep(leaf));
      return value;
    };
    try {
      // tfjs refuses a function of nothing: a model may well have nothing to learn.
      const { value, grads } = inputs.length === 0
        ? { value: tf.tidy(forward), grads: [] }
        : engine.gradients(forward, inputs, undefined, true);
      const { aux, own } = answer!;
      own.forEach(releaseToScope);
      let next = 0;
      const gradient = mapTree(([leaf]) => grads[next++] ?? tf.zerosLike(leaf!), tree);
      return { value: value as Scalar, grads: gradient, aux };
    } catch (error) {
      abandonTape(engine);
      if (answer && answer.value.id > firstId) answer.value.dispose();
      answer?.own.forEach((leaf) => leaf.dispose());
      throw error;
    }
  };
}

/**
 * Calls a function in a scope of tfjs's that frees what is not its value, and keeps what else it
 * returns.
 *
 * @returns the value, and a function that gives the rest to the scope in which it is called
 */
export function keepOwn<A extends Tree>(
  f: () => [value: Tensor, aux: A],
): { readonly value: Tensor; readonly aux: () => A } {
  const firstId = (tf.engine() as unknown as ScopedEngine).nextTensorId();
  const [value, aux] = f();
  const own = leaves(aux).filter(({ id, kept }) => id > firstId && !kept);
  own.forEach((leaf) => tf.keep(leaf));
  return {
    value,
    aux: () => {
      own.forEach(releaseToScope);
      return aux;
    },
  };
}

/** Whether what is computed now may be differentiated: what the gradient needs is to be kept. */
export function isRecording(): boolean {
  return (tf.engine() as unknown as ScopedEngine).isTapeOn();
}

/** The part of tfjs's engine used here, some of which its types hide. */
type ScopedEngine = {
  nextTensorId(): number;
  track(tensor: Tensor): Tensor;
  isTapeOn(): boolean;
  readonly state: {
    readonly gradientDepth: number;
    activeTape: { readonly saved?: readonly Tensor[] }[] | null;
  };
  gradients(
    f: () => Scalar,
    inputs: Tensor[],
    upstream: undefined,
    allowNoGradients: true,
  ): { value: Tensor; grads: (Tensor | null)[] };
};

/** Frees what operations saved for the way back, which tfjs forgets where there is none. */
function abandonTape({ state }: ScopedEngine): void {
  if (state.gradientDepth > 0) return; // The tape is that of a gradient around this one.
  for (const { saved = [] } of state.activeTape ?? []) saved.forEach((tensor) => tensor.dispose());
  state.activeTape = null;
}

/** Gives a kept tensor back to the `tidy` around the call, if there is one. */
function releaseToScope(leaf: Tensor): void {
  leaf.kept = false;
  (tf.engine() as unknown as ScopedEngine).track(leaf);
}

function requireScalar(value: Tensor): void {
  if (value.rank !== 0) {
    throw new TypeError(
      `Cannot take a gradient: the function's value must be a scalar: it has shape [${value.shape}]`,
    );
  }
}
