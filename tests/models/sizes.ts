// What a model will be, from its declaration: nothing is allocated.
import { countParameters } from "../../lib/layers/layer.ts";
import type { Layer, Shape, Tree } from "../../mod.ts";

/** How many numbers a model learns. */
export function countOf<P extends Tree>(model: Layer<P>, shape: Shape): number {
  return countParameters(model.declare(shape).params);
}

/** The shapes after a model's layers, by their names, in the order they run. */
export function shapesOf<P extends Tree>(model: Layer<P>, shape: Shape): Record<string, Shape> {
  const children = model.declare(shape).children!;
  return Object.fromEntries(
    children.map(({ name, declaration }) => [name, [...declaration.shape]]),
  );
}

/** The layer of a name in a model. */
export function layerOf<P extends Tree>(model: Layer<P>, shape: Shape, name: string): Layer {
  return model.declare(shape).children!.find((child) => child.name === name)!.layer;
}
