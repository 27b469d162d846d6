// A model's layers with their sizes, before anything is allocated.
import { type Child, countSlots, type Layer } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import { table } from "../text/table.ts";

/** A layer that computes, and what it makes. */
export type LayerSize = {
  /** Names joined by slashes. */
  readonly path: string;
  /** What kind of layer it is. */
  readonly op: string;
  /** Shape of its output, without the batch. */
  readonly outputShape: Shape;
  /** How many numbers it learns. */
  readonly parameters: number;
};

/** A model's layers and their sum. */
export type ModelSize = {
  /** Shape of one input, without the batch. */
  readonly inputShape: Shape;
  /** Shape of the output, without the batch. */
  readonly outputShape: Shape;
  /** How many numbers the model learns. */
  readonly parameters: number;
  /** Its innermost layers, in the order they run. */
  readonly layers: readonly LayerSize[];
};

/**
 * The sizes of a model's layers.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @returns the sizes; no tensor is made
 * @throws {TypeError | RangeError} where the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lenet5, sizeOfModel } from "@neocog/neocog";
 *
 * const { parameters, layers } = sizeOfModel(lenet5(), [28, 28, 1]);
 * assertEquals(parameters, 61706);
 * assertEquals(layers.find(({ path }) => path === "pool2")?.outputShape, [5, 5, 16]);
 * ```
 */
export function sizeOfModel(model: Layer, shape: Shape): ModelSize {
  const declaration = model.declare(shape);
  const root: Child = { name: "", layer: model, inputShape: shape, declaration };
  return {
    inputShape: shape,
    outputShape: declaration.shape,
    parameters: countSlots(declaration.params),
    layers: innermost(root, ""),
  };
}

function innermost({ name, layer, declaration }: Child, parent: string): LayerSize[] {
  const path = parent === "" ? name : `${parent}/${name}`;
  if (declaration.children) {
    return declaration.children.flatMap((child) => innermost(child, path));
  }
  return [{
    path: path === "" ? layer.op : path,
    op: layer.op,
    outputShape: declaration.shape,
    parameters: countSlots(declaration.params),
  }];
}

/**
 * A table of a model's layers: name, kind, output shape, parameters.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @returns the table, lines of text
 * @throws {TypeError | RangeError} where the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { lenet5, summary } from "@neocog/neocog";
 *
 * assertStringIncludes(summary(lenet5(), [28, 28, 1]), "61,706");
 * ```
 */
export function summary(model: Layer, shape: Shape): string {
  const size = sizeOfModel(model, shape);
  const rows = size.layers.map(({ path, op, outputShape, parameters }) => [
    path,
    op,
    outputShape.join(" × "),
    parameters.toLocaleString("en-US"),
  ]);
  return table([
    ["layer", "kind", "output", "parameters"],
    ["input", "", shape.join(" × "), "0"],
    ...rows,
    ["total", "", "", size.parameters.toLocaleString("en-US")],
  ], { align: ["left", "left", "right", "right"], heading: true });
}
