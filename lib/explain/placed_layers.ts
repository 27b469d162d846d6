// The layers of a model by path, with what they declare.
import type { Child, Declaration, Layer, Network } from "../layers/layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";

/** A layer with its place in a model. */
export type PlacedLayer = Pick<Child, "layer" | "inputShape" | "declaration" | "join"> & {
  /** The path of its parameters: of a layer that a graph shares, that of the first. */
  readonly owner: Path;
};

/**
 * The layers of a model by path, the model itself as `""`, without the heads of `auxiliary` layers.
 *
 * @param shape shape of one input, without the batch
 */
export function placedLayers<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
): Map<Path, PlacedLayer> {
  const found = new Map<Path, PlacedLayer>();
  const visit = (path: Path, placed: PlacedLayer): void => {
    found.set(path, placed);
    if (placed.declaration.arrangement === "aside") return;
    for (const child of placed.declaration.children ?? []) {
      const owner = joined(placed.owner, child.shares ?? child.name);
      visit(joined(path, child.name), { ...child, owner });
    }
  };
  const layer = model as unknown as Layer;
  const declaration = layer.declare(shape) as Declaration;
  visit("", { layer, inputShape: shape, declaration, owner: "" });
  return found;
}

/** Whether a layer is not made of layers. */
export function isInnermost({ declaration }: PlacedLayer): boolean {
  return declaration.children === undefined;
}

function joined(path: Path, name: string): Path {
  return path === "" ? name : `${path}/${name}`;
}

/** Calls a layer of a network by itself, perhaps with other parameters. */
export function applyPlaced<P extends Tree, S extends Tree>(
  { params, state }: Network<P, S>,
  { layer, owner }: PlacedLayer,
  x: Tensor,
  changed: (own: Tree) => Tree = (own) => own,
): Tensor {
  return layer.apply(changed(treeAt(params, owner)), treeAt(state, owner), x, {})[0];
}

/** The part of a tree at a path. */
function treeAt(tree: Tree, path: Path): Tree {
  if (path === "") return tree;
  return path.split("/").reduce(
    (inner, name) => (inner as { readonly [name: string]: Tree })[name] ?? {},
    tree,
  );
}
