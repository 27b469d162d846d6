// Networks of which every number counts, inputs for them, and what they answer.
import { init, key, type Network, type Shape, tf, type Tree } from "../../mod.ts";
import { randomTensor } from "../random_tensor.ts";

/** A network with an input of two examples and its output. */
export type Answer = {
  readonly network: Network & { readonly inputShape: Shape };
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
};

/** A network whose biases, scales and statistics are not those that it begins with. */
export function answerOf(model: Network["model"], shape: Shape): Answer {
  const { params, state, inputShape } = init(model, key(1), shape);
  const network = { model, inputShape, params: shaken(params), state: shaken(state) };
  const x = randomTensor(2, [2, ...shape]);
  const y = tf.tidy(() => model.apply(network.params, network.state, x, {})[0]);
  return { network, x, y };
}

/** The same tree, of whose vectors each number is another; variances stay above 0. */
function shaken<T extends Tree>(tree: T): T {
  if (tree === null || tree instanceof tf.Tensor) {
    return (tree === null || tree.rank > 1
      ? tree
      : tf.add(tree, tf.mul(tf.abs(randomTensor(3, tree.shape)), 0.3))) as T;
  }
  return Object.fromEntries(
    Object.entries(tree).map(([name, child]) => [name, shaken(child as Tree)]),
  ) as T;
}
