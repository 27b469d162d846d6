// What a network outputs without some of a layer's maps.
import type { Intercept, Network } from "../layers/layer.ts";
import { requireLayer } from "../layers/layers_of.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { requireIndex } from "./objective.ts";

/**
 * A network's output if some of a layer's feature maps, or units of a dense layer, are 0 (ablation):
 * what it cannot do without them, it did by them.
 *
 * Source: Morcos, Barrett, Rabinowitz and Botvinick, "On the importance of single directions for
 * generalization", 2018.
 *
 * @param network the network
 * @param x inputs `[N, …]`
 * @param path the layer; its last axis holds the maps
 * @param channels which maps are 0, from 0
 * @returns the network's output, as `[N, classes]`; the caller owns it
 * @throws {RangeError} if the path is not in the model, with the nearest one, or a map is not there
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, init, key, sequential, start, tf } from "@neocog/neocog";
 * import { ablate } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ hidden: dense({ features: 3 }), scores: dense({ features: 2 }) });
 * const network = init(model, key(0), [4]);
 * // Without all of its units a layer tells nothing: only the biases are left, which are 0.
 * const scores = ablate(network, tf.ones([1, 4]), "hidden", [0, 1, 2]);
 * assertEquals(await scores.array(), [[0, 0]]);
 * ```
 */
export function ablate<P extends Tree, S extends Tree>(
  { model, params, state }: Network<P, S>,
  x: Tensor,
  path: Path,
  channels: readonly number[],
): Tensor {
  const { shape } = requireLayer(model, x.shape.slice(1), path);
  const count = shape.at(-1)!;
  channels.forEach((channel) => requireIndex(`channel of "${path}"`, channel, count));
  const kept = new Float32Array(count).fill(1);
  for (const channel of channels) kept[channel] = 0;
  return tf.tidy(() => {
    const mask = tf.tensor1d(kept);
    const intercept: Intercept = (site, input, next) =>
      site.path === path ? tf.mul(next(input), mask) : next(input);
    const y = model.apply(params, state, x, { intercept })[0];
    return path === "" ? tf.mul(y, mask) : tf.clone(y);
  });
}
