// The convolutions of a model, by what it declares: before anything is on the device.
import type { Layer, Slot } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { unknownName } from "../text/nearest.ts";
import { layersOf } from "../layers/layers_of.ts";

/** The slots of a model's parameters, seen without their types. */
type Declared = Slot | { readonly [name: string]: Declared };

function kernelShape(params: Declared, path: Path): Shape {
  const names = path === "" ? [] : path.split("/");
  const own = names.reduce((at, name) => (at as Record<string, Declared>)[name]!, params);
  return (own as Record<string, Slot>)["kernel"]!.shape;
}

/**
 * A convolution of a model, and the shape of its kernel.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @param path the convolution's path. Default: the model's first
 * @param filter one of its filters, by number, that must be there. Default: none is looked for
 * @returns its path, and `[height, width, channels, filters]`; of groups, the channels of one
 * @throws {RangeError} where there is no convolution at the path, with the nearest one, or no such
 * filter
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { lenet5 } from "@neocog/neocog";
 * import { requireConvolution } from "./convolution.ts";
 *
 * assertEquals(requireConvolution(lenet5(), [28, 28, 1]), ["conv1", [5, 5, 1, 6]]);
 * assertThrows(
 *   () => requireConvolution(lenet5(), [28, 28, 1], "conv3"),
 *   RangeError,
 *   'did you mean "conv1"?',
 * );
 * ```
 */
export function requireConvolution<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path?: Path,
  filter?: number,
): [path: Path, kernel: Shape] {
  const layers = layersOf(model, shape);
  const known = [...layers].filter(([, { op }]) => op === "conv").map(([name]) => name);
  const found = path ?? known[0];
  if (found === undefined || !known.includes(found)) {
    throw new RangeError(
      `Cannot show filters: the layer must be a convolution: ${
        found === undefined ? "the model has none" : unknownName("convolution", found, known)
      }`,
    );
  }
  const kernel = kernelShape(model.declare(shape).params as Declared, found);
  const count = kernel[3]!;
  if (filter !== undefined && !(Number.isInteger(filter) && filter >= 0 && filter < count)) {
    throw new RangeError(
      `Cannot show a filter of "${found}": it must be a whole number from 0 to ${
        count - 1
      }, got ${filter}`,
    );
  }
  return [found, kernel];
}
