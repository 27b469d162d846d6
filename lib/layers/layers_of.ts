// The named layers of a model, by path.
import type { Layer } from "./layer.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import type { Shape } from "../tensor/tensor.ts";
import { unknownName } from "../text/nearest.ts";

/** A layer of a model: what kind it is, and the shape of its output, without the batch. */
export type LayerInfo = {
  readonly op: string;
  readonly shape: Shape;
  /** Whether it is a rectifier besides ReLU; absent if not. */
  readonly rectifies?: boolean;
};

/**
 * All named layers of a model by path, those made of layers too; but no head of an `auxiliary`
 * layer, which runs in training alone. The model itself is `""`.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @returns kinds and output shapes, outer layers before inner ones
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layersOf, lenet5 } from "@neocog/neocog";
 *
 * assertEquals(layersOf(lenet5(), [28, 28, 1]).get("pool1"), { op: "maxPool", shape: [14, 14, 6] });
 * ```
 */
export function layersOf<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
): Map<Path, LayerInfo> {
  const layers = new Map<Path, LayerInfo>();
  const visit = (
    path: Path,
    { op, rectifies }: Pick<Layer, "op" | "rectifies">,
    declaration: ReturnType<Layer["declare"]>,
  ): void => {
    layers.set(path, { op, shape: declaration.shape, ...(rectifies ? { rectifies } : {}) });
    if (declaration.arrangement === "aside") return;
    for (const { name, layer, declaration: inner } of declaration.children ?? []) {
      visit(path === "" ? name : `${path}/${name}`, layer, inner);
    }
  };
  visit("", model, model.declare(shape) as ReturnType<Layer["declare"]>);
  return layers;
}

/**
 * The layer at a path.
 *
 * @param shape shape of one input, without the batch
 * @param path the layer's path; `""` is the model
 * @throws {RangeError} if there is none (the error names the nearest), or it runs in training alone
 */
export function requireLayer<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path: Path,
): LayerInfo {
  const layers = layersOf(model, shape);
  const found = layers.get(path);
  if (found) return found;
  const aside = [...layers].find(([outer, { op }]) =>
    op === "auxiliary" && path.startsWith(`${outer}/`)
  );
  if (aside) {
    throw new RangeError(
      `Cannot look at a layer: it must not run in training alone, got "${path}", a head of "${
        aside[0]
      }"`,
    );
  }
  const known = [...layers.keys()].filter((name) => name !== "");
  throw new RangeError(
    `Cannot look at a layer: its path must be in the model: ${unknownName("layer", path, known)}`,
  );
}
