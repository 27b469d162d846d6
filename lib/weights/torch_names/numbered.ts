// Networks that PyTorch writes as two chains, `features` and `classifier`, of numbered modules.
import type { Layer } from "../../layers/layer.ts";
import type { Path } from "../../tensor/tree.ts";
import type { Shape } from "../../tensor/tensor.ts";

/**
 * The numbered module of each layer of a chain: as torchvision's chains have the same layers in
 * the same order, those without weights included, a layer's place is its number.
 *
 * @param model the network, whose layers from `classifier` on are the second chain
 * @param shape shape of one input
 * @returns modules by the names of our layers, `features.0` of `conv1`
 */
export function numberedModules(
  model: Layer,
  shape: Shape,
  classifier: string,
): ReadonlyMap<string, string> {
  const names = model.declare(shape).children!.map(({ name }) => name);
  const start = names.indexOf(classifier);
  return new Map(names.map((name, i) => [
    name,
    i < start ? `features.${i}` : `classifier.${i - start}`,
  ]));
}

/**
 * The module of a layer.
 *
 * @throws {RangeError} if the network has no such layer
 */
export function moduleOf(
  network: string,
  modules: ReadonlyMap<string, string>,
  layer: Path,
): string {
  const module = modules.get(layer);
  if (module === undefined) {
    throw new RangeError(
      `Cannot name a layer of ${network}: PyTorch does: the network must have it, got "${layer}"`,
    );
  }
  return module;
}
