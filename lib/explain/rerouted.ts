// Tensors with a gradient of another kind: what rules of attribution are made of.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/** Through which tensor a gradient goes back, and what multiplies it: a tensor of the value's shape. */
export type Passage = { readonly to: Tensor; readonly factor: Tensor };

/**
 * A tensor with the numbers of another and a gradient of its own: what arrives goes back through
 * each passage, multiplied by the passage's factor.
 *
 * @param value the numbers; all passages are of its shape
 */
export function rerouted(value: Tensor, passages: readonly Passage[]): Tensor {
  const numbers = tf.customGrad((...all) => {
    const save = all.at(-1) as unknown as (tensors: Tensor[]) => void;
    save(passages.map(({ factor }) => factor));
    const gradFunc = (dy: Tensor, factors: Tensor[]): Tensor[] =>
      factors.map((factor) => tf.mul(dy, factor));
    return { value: tf.clone(value), gradFunc };
  });
  return numbers(...passages.map(({ to }) => to));
}
