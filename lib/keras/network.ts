// The network that a Keras configuration and numbers are.
import { assemble, type Built } from "../imported/assemble.ts";
import { shown } from "../imported/call.ts";
import type { Head } from "../imported/emitter.ts";
import {
  type ImportedFile,
  importedFile,
  type ImportOptions,
  Missing,
  openSizes,
} from "../imported/file.ts";
import { type Placed, Placer } from "../imported/placer.ts";
import type { AnyLayer } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import { ACTIVATIONS, missingActivation } from "./activations.ts";
import { type Conversion, type Dialect, KerasCall } from "./call.ts";
import { inputOf } from "./config.ts";
import { isPlace, type KerasLayer, type KerasModel } from "./model.ts";
import { SHAPES } from "./layers/shapes.ts";
import { OPERATIONS } from "./layers/operations.ts";
import { missingOperator, SUMS } from "./layers/sums.ts";
import { WINDOWS } from "./layers/windows.ts";
import { keyOf, sortedCalls } from "./order.ts";
import type { KerasWeights } from "./weights.ts";

/** The conversions by the names of Keras's classes. */
const LAYERS: Readonly<Record<string, Conversion>> = {
  ...WINDOWS,
  ...OPERATIONS,
  ...SUMS,
  ...SHAPES,
  ...ACTIVATIONS,
};

/** What a file has: its model, and where the numbers are. */
export type KerasParts = {
  readonly file: string;
  readonly model: KerasModel;
  readonly weights: KerasWeights;
  readonly dialect: Dialect;
  readonly metadata: Readonly<Record<string, string>>;
};

/**
 * The network of a model whose numbers are at hand; all of them are read.
 *
 * @throws {TypeError} if layers are missing: with all their names; or numbers have other shapes
 * @throws {RangeError} if shapes do not go together
 */
export function kerasFile(parts: KerasParts, options: ImportOptions = {}): ImportedFile {
  const { file, model, metadata } = parts;
  requireLayers(file, model);
  for (const [what, ends] of [["input", model.inputs], ["output", model.outputs]] as const) {
    if (ends.length === 1) continue;
    throw new TypeError(
      `Cannot read ${file}: it must have one ${what}, got ${ends.length}: ${
        ends.map(({ layer }) => `"${layer}"`).join(", ")
      }`,
    );
  }
  const inputShape = inputShapeOf(file, model, options.inputShape);
  const convertTo = (shape: Shape, head?: Head): Built => convert(parts, shape, options, head);
  return importedFile({ file, metadata, inputShape, convert: convertTo });
}

/** Refuses layers that are missing, all of them at once. */
function requireLayers(file: string, model: KerasModel): void {
  const missing = new Missing();
  const add = (what: string, { path }: KerasLayer): void => missing.add(what, path.join("."));
  const visit = ({ layers }: KerasModel): void => {
    for (const layer of layers.values()) {
      const { className, config } = layer;
      if (layer.model) visit(layer.model);
      else if (className === "InputLayer") continue;
      else if (!Object.hasOwn(LAYERS, className)) add(className, layer);
      else {
        const name = missingActivation(config);
        if (name !== undefined) add(`activation ${name}`, layer);
        const operator = className === "TFOpLambda" ? missingOperator(config) : undefined;
        if (operator !== undefined) add(`TFOpLambda ${operator}`, layer);
      }
    }
  };
  visit(model);
  missing.require(file, "layers");
}

/** The shape of one input; sizes of images that are left open are 224. */
function inputShapeOf(file: string, model: KerasModel, wanted: Shape | undefined): Shape {
  const { config } = inputOf(model) ?? {};
  let value = config?.batch_shape ?? config?.batch_input_shape;
  // Keras 2 may write a record of one input.
  while (Array.isArray(value) && value.length === 1 && Array.isArray(value[0])) value = value[0];
  const sizes: unknown[] = Array.isArray(value) ? value.slice(1) : [];
  const isKnown = sizes.every((size, axis) =>
    size === null
      ? sizes.length === 3 && axis < 2
      : typeof size === "number" && Number.isInteger(size) && size >= 1
  );
  if (sizes.length > 0 && isKnown) {
    return openSizes(sizes.map((size) => size as number | null ?? undefined), wanted);
  }
  throw new TypeError(
    `Cannot read ${file}: its input must have a batch and sizes, got ${shown(value)}`,
  );
}

function convert(
  { file, model, weights, dialect }: KerasParts,
  shape: Shape,
  { keepSoftmax = false }: ImportOptions,
  head: Head | undefined,
): Built {
  const build = new Placer(head);
  const made = new Map<KerasLayer, AnyLayer[]>();
  const layersOf = (layer: KerasLayer): AnyLayer[] => {
    const own = made.get(layer) ?? [];
    made.set(layer, own);
    return own;
  };
  const run = (model: KerasModel, inputs: readonly Placed[]): readonly Placed[] => {
    const values = new Map<string, readonly Placed[]>();
    model.inputs.forEach((place, i) => values.set(keyOf(place), [inputs[i]!]));
    const at = (place: KerasModel["outputs"][number]): Placed => {
      const value = values.get(keyOf(place))?.[place.tensor];
      if (value) return value;
      throw new SyntaxError(
        `Cannot read ${file}: "${place.layer}" must have an output ${place.tensor} that is computed, got none`,
      );
    };
    for (const { layer, node } of sortedCalls(model, file)) {
      const key = keyOf({ layer: layer.name, node });
      if (values.has(key)) continue;
      const operands = (layer.nodes[node] ?? []).map((one) => {
        if (typeof one === "number" || "numbers" in one) return one;
        if (isPlace(one)) return at(one);
        throw new TypeError(
          `Cannot read ${file}: layer "${
            layer.path.join(".")
          }" (${layer.className}) must be called with tensors and numbers, as in use, got ${
            shown(one.unknown)
          }`,
        );
      });
      const call = new KerasCall(file, dialect, layer, operands, build, weights, layersOf(layer));
      if (!layer.model) {
        values.set(key, [call.make(() => LAYERS[layer.className]!(call))]);
        continue;
      }
      const given = call.values();
      const count = layer.model.inputs.length;
      call.require(given.length === count, `take ${count} tensors`, `${given.length}`);
      values.set(key, run(layer.model, given));
    }
    return model.outputs.map(at);
  };
  const [found] = run(model, [{ layer: "input", shape }]);
  const end = keepSoftmax ? found! : build.withoutSoftmax(found!);
  return assemble(build, end.layer, shape);
}
