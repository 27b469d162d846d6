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
  const begun = init(model, key(1), shape);
  const params = shaken(begun.params);
  const network = { model, inputShape: shape, params, state: shaken(begun.state) };
  const state = settled(network, randomTensor(4, [8, ...shape]));
  const x = randomTensor(2, [2, ...shape]);
  const y = tf.tidy(() => model.apply(params, state, x, {})[0]);
  return { network: { ...network, state }, x, y };
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

/**
 * The statistics that batch normalization would have learned, or nearly: with others, numbers grow
 * from layer to layer, and with them the rounding of each.
 */
function settled({ model, params, state }: Network, x: tf.Tensor): Tree {
  const found = new Map<string, Tree>();
  tf.tidy(() =>
    void model.apply(params, state, x, {
      intercept: ({ op, path }, input, next) => {
        if (op !== "batchNorm") return next(input);
        const { mean, variance } = tf.moments(input, input.shape.slice(0, -1).map((_, i) => i));
        const own = { mean: tf.keep(mean), variance: tf.keep(tf.add(variance, 1)) };
        found.set(path, own);
        const { scale, shift } = at(params, path) as Record<string, tf.Tensor>;
        return tf.batchNorm(input, own.mean, own.variance, shift!, scale!, 1e-5);
      },
    })
  );
  return replaced(state, "", found);
}

function at(tree: Tree, path: string): Tree {
  return path.split("/").reduce((own, name) => (own as { [name: string]: Tree })[name]!, tree);
}

function replaced(tree: Tree, path: string, by: ReadonlyMap<string, Tree>): Tree {
  const own = by.get(path);
  if (own || tree === null || tree instanceof tf.Tensor) return own ?? tree;
  return Object.fromEntries(
    Object.entries(tree).map(([name, child]) => [
      name,
      replaced(child as Tree, path === "" ? name : `${path}/${name}`, by),
    ]),
  );
}
