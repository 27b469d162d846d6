// The layers of a model by path, with what they declare.
import type { Child, Declaration, Layer } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";

/** A layer with its place in a model. */
export type PlacedLayer = Pick<Child, "layer" | "inputShape" | "declaration">;

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
      visit(path === "" ? child.name : `${path}/${child.name}`, child);
    }
  };
  const layer = model as unknown as Layer;
  visit("", { layer, inputShape: shape, declaration: layer.declare(shape) as Declaration });
  return found;
}

/** Whether a layer is not made of layers. */
export function isInnermost({ declaration }: PlacedLayer): boolean {
  return declaration.children === undefined;
}
