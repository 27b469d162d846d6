// The part of a network that computes some layers, and whether a network takes images of a size.
import { type Layer, type NamedLayers, type Network, slotEntries } from "../layers/layer.ts";
import { requireLayer } from "../layers/layers_of.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape } from "../tensor/tensor.ts";
import { entries, type Path, type Tree } from "../tensor/tree.ts";

/** Options of {@linkcode truncate}. */
export type TruncateOptions = {
  /**
   * Whether a first layer that pads images to the network's size is left out too, so that images
   * may be larger. Default: `false`.
   */
  readonly unpadded?: boolean;
};

/**
 * A network without the layers that come after the given ones, if it is a chain. It costs less,
 * and takes images of any size if only its dense layers do not.
 *
 * @param network the network
 * @param shape shape of an image, without the batch
 * @param paths the layers; `""` is the whole model
 * @param options whether the padding is left out
 * @returns the truncated network, with the same parameters and paths
 * @throws {RangeError} if a path is not in the model, with the nearest one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, layersOf, lenet5, start } from "@neocog/neocog";
 * import { truncate } from "./truncate.ts";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { model } = truncate(network, [50, 40, 1], ["pool2"], { unpadded: true });
 * assertEquals(layersOf(model, [50, 40, 1]).get("")?.shape, [9, 7, 16]);
 * ```
 */
export function truncate<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  shape: Shape,
  paths: readonly Path[],
  options: TruncateOptions = {},
): Network {
  const { model, params, state } = network as unknown as Network;
  const accepted = acceptedShape(model, shape, options);
  paths.forEach((path) => requireLayer(model, accepted, path));
  const children = model.op === "sequential" ? model.declare(accepted).children ?? [] : [];
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

/** The shape, or a single pixel if the model only takes images up to the size that it pads to. */
function acceptedShape(model: Layer, shape: Shape, { unpadded }: TruncateOptions): Shape {
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
 * Refuses images of a shape that a network's parameters do not fit, as those of dense layers fit
 * one only.
 *
 * @param shape shape of one image
 * @throws {TypeError} naming the parameter
 * @throws {RangeError} if the image is too small for a layer
 */
export function requireInputShape<P extends Tree, S extends Tree>(
  action: string,
  { model, params }: Network<P, S>,
  shape: Shape,
): void {
  const shapes = new Map(entries(params).map(([path, tensor]) => [path, tensor.shape]));
  for (const [path, slot] of slotEntries(model.declare(shape).params)) {
    const own = shapes.get(path);
    if (`${own}` === `${slot.shape}`) continue;
    throw new TypeError(
      `Cannot ${action}: images must be of the shape that the network was made for, got ` +
        `[${shape}], for which "${path}" would be [${slot.shape}], not [${own}]`,
    );
  }
}
