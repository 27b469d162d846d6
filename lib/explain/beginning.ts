// The part of a network that a layer's answer depends on, and whether it takes images of a size.
import { fillSlots, type Layer, type NamedLayers } from "../layers/layer.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { entries, type Path, type Tree } from "../tensor/tree.ts";
import type { Network } from "./network.ts";

/**
 * A network up to the layers that are looked at: where it is a chain, what comes after them is left
 * out. It costs less, and takes images of any size where its end, of dense layers, does not.
 *
 * @param network the network
 * @param shape shape of an image that it takes, without the batch
 * @param paths the layers; `""` is the whole
 * @returns the network's beginning, with the same parameters and paths
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { beginningOf, init, key, layersOf, lenet5 } from "@neocog/neocog";
 *
 * const { params, state } = init(lenet5(), key(0), [28, 28, 1]);
 * const { model } = beginningOf({ model: lenet5(), params, state }, [28, 28, 1], ["pool2"]);
 * assertEquals(layersOf(model, [50, 40, 1]).get("")?.shape, [11, 8, 16]);
 * ```
 */
export function beginningOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  shape: Shape,
  paths: readonly Path[],
): Network {
  const { model, params, state } = network as unknown as Network;
  const children = model.op === "sequential" ? model.declare(shape).children ?? [] : [];
  const names = children.map(({ name }) => name);
  const places = paths.map((path) => names.indexOf(path.split("/")[0]!));
  const last = Math.max(...places);
  if (paths.length === 0 || places.includes(-1) || last === names.length - 1) {
    return { model, params, state };
  }
  const kept = names.slice(0, last + 1);
  const layers = Object.fromEntries(
    children.slice(0, last + 1).map(({ name, layer }) => [name, layer]),
  );
  return {
    model: sequential(layers as NamedLayers) as Layer,
    params: pick(params, kept),
    state: pick(state, kept),
  };
}

function pick(tree: Tree, names: readonly string[]): Tree {
  const record = tree as { readonly [name: string]: Tree };
  return Object.fromEntries(names.map((name) => [name, record[name]!]));
}

/**
 * Refuses images of a size that a network's parameters are not for: dense layers want one.
 *
 * @param network the network
 * @param shape shape of one image
 * @throws {TypeError} naming the parameter
 * @throws {RangeError} where the image is too small for a layer
 */
export function requireSize({ model, params }: Network, shape: Shape): void {
  const held = new Map(entries(params).map(([path, tensor]): [Path, Tensor] => [path, tensor]));
  fillSlots(model.declare(shape).params, ({ shape: wanted }, path) => {
    const own = held.get(path)!;
    if (`${own.shape}` === `${wanted}`) return own;
    throw new TypeError(
      `Cannot look at images of [${shape}] as "${path}" would have to be of shape [${wanted}]: current value is [${own.shape}]`,
    );
  });
}
