// The part of a network that a layer's answer depends on, and whether it takes images of a size.
import { fillSlots, type Layer, type NamedLayers } from "../layers/layer.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { entries, type Path, type Tree } from "../tensor/tree.ts";
import type { Network } from "../layers/layer.ts";
import { requireLayer } from "../layers/layers_of.ts";

/** Options of {@linkcode beginningOf}. */
export type BeginningOptions = {
  /**
   * Whether a first layer that pads images to the network's size is left out too, so that images
   * may be larger. Default: `false`.
   */
  readonly unpadded?: boolean;
};

/**
 * A network up to the layers that are looked at: where it is a chain, what comes after them is left
 * out. It costs less, and takes images of any size where its end, of dense layers, does not.
 *
 * @param network the network
 * @param shape shape of an image, without the batch
 * @param paths the layers; `""` is the whole
 * @param options whether it is to take images that are larger than it pads to
 * @returns the network's beginning, with the same parameters and paths
 * @throws {RangeError} where a path is not in the model, with the nearest one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { beginningOf } from "@neocog/neocog/explain";
 * import { init, key, layersOf, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { model } = beginningOf(network, [50, 40, 1], ["pool2"], { unpadded: true });
 * assertEquals(layersOf(model, [50, 40, 1]).get("")?.shape, [9, 7, 16]);
 * ```
 */
export function beginningOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  shape: Shape,
  paths: readonly Path[],
  options: BeginningOptions = {},
): Network {
  const { model, params, state } = network as unknown as Network;
  const taken = takenShape(model, shape, options);
  paths.forEach((path) => requireLayer(model, taken, path));
  const children = model.op === "sequential" ? model.declare(taken).children ?? [] : [];
  const names = children.map(({ name }) => name);
  const ends = paths.map((path) =>
    path === "" ? names.length - 1 : names.indexOf(path.split("/")[0]!)
  );
  const first = options.unpadded && children[0]?.layer.op === "padTo" ? 1 : 0;
  const last = paths.length === 0 ? names.length - 1 : Math.max(...ends);
  if (first === 0 && last === names.length - 1) return { model, params, state };
  const kept = children.slice(first, last + 1);
  const layers: NamedLayers = Object.fromEntries(kept.map(({ name, layer }) => [name, layer]));
  return {
    model: sequential(layers) as Layer,
    params: pick(params, Object.keys(layers)),
    state: pick(state, Object.keys(layers)),
  };
}

/** A shape by which the model's layers are known: one that pads to its size takes a single pixel. */
function takenShape(model: Layer, shape: Shape, { unpadded }: BeginningOptions): Shape {
  if (!unpadded) return shape;
  const pixel = [...shape.slice(0, -1).map(() => 1), ...shape.slice(-1)];
  try {
    model.declare(shape);
    return shape;
  } catch (error) {
    try {
      model.declare(pixel);
      return pixel;
    } catch {
      throw error;
    }
  }
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
      `Cannot look at images of [${shape}]: "${path}" would have to be of shape [${wanted}], got [${own.shape}]`,
    );
  });
}
