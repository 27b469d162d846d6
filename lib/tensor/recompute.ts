// A function whose gradient computes its forward pass again instead of keeping what it needs.
import { isRecording, keepOwn } from "./grad.ts";
import type { Tensor } from "./tensor.ts";
import { leaves, mapTree, type Tree } from "./tree.ts";
import { tf } from "./tf.ts";

/** The part of tfjs's engine used here, which its types hide. */
type TapedEngine = {
  readonly state: { activeTape: unknown };
  gradients(
    f: () => Tensor,
    inputs: Tensor[],
    upstream: Tensor,
    allowNoGradients: true,
  ): { value: Tensor; grads: (Tensor | null)[] };
};

/**
 * Calls a function so that its gradient keeps the arguments alone, and calls it again on the way
 * back (Chen et al., "Training deep nets with sublinear memory cost", 2016). If no gradient is being
 * taken, it is just called.
 *
 * @param f a pure function of a tensor and a tree, which returns a tensor and a tree that has no
 * gradient, such as a state
 * @param x its first argument
 * @param params its second argument
 * @returns what `f` returns
 */
export function recomputed<P extends Tree, A extends Tree>(
  f: (x: Tensor, params: P) => [y: Tensor, aux: A],
  x: Tensor,
  params: P,
): [y: Tensor, aux: A] {
  if (!isRecording()) return f(x, params);
  const call = ([first, ...rest]: readonly Tensor[]): [Tensor, A] => {
    let next = 0;
    return f(first!, mapTree(() => rest[next++]!, params));
  };
  let release: (() => A) | undefined;
  const operation = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const inputs = args as Tensor[];
    save(inputs);
    const { value, aux } = keepOwn(() => call(inputs));
    release = aux;
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => gradientsAgain(() => call(saved)[0], saved, dy),
    };
  });
  const y = operation(x, ...leaves(params));
  return [y, release!()];
}

/** Gradients while others are under way, whose tape stays as it is. */
function gradientsAgain(f: () => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] {
  const engine = tf.engine() as unknown as TapedEngine;
  const tape = engine.state.activeTape;
  try {
    const { value, grads } = engine.gradients(f, inputs, dy, true);
    value.dispose();
    return grads.map((grad, i) => grad ?? tf.zerosLike(inputs[i]!));
  } finally {
    engine.state.activeTape = tape;
  }
}
