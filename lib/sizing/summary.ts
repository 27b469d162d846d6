// Summarizes a model's layers in a table.
import type { AnyModel } from "../layers/layer.ts";
import type { ShapeTree } from "../tensor/tensor.ts";
import { table } from "../text/table.ts";
import { type LayerSize, type ModelSize, sizeOfModel } from "./model_size.ts";
import { briefBytes, briefCount, grouped, pairText, shapeText, windowText } from "./quantity.ts";
import { trainingMemory, type TrainingMemoryOptions } from "./training_memory.ts";
import { requireOptions } from "../text/require.ts";

const HEADING = ["layer", "kind", "output", "kernel", "parameters", "FLOPs", "receptive field"];

/**
 * Summarizes a model's layers in a table: name, kind, output shape, kernel with its stride after a
 * slash, parameters, FLOPs for one example (a multiply-add is two), receptive field in pixels; and
 * below it the sums, with the memory of a training step.
 *
 * @param model the model
 * @param shape the shape of one input, without the batch
 * @param options batch size (1) and optimizer (Adam), for the memory
 * @returns the table, lines of text
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { lenet5 } from "@neocog/neocog";
 * import { summary } from "@neocog/neocog/sizing";
 *
 * assertStringIncludes(summary(lenet5(), [28, 28, 1]), "61,706");
 * ```
 */
export function summary(
  model: AnyModel,
  shape: ShapeTree,
  options: TrainingMemoryOptions = {},
): string {
  requireOptions("summarize a model", options, { batchSize: true, optimizer: true });
  const size = sizeOfModel(model, shape);
  const layers = table([
    HEADING,
    ["input", "", shapeText(shape), "", "0", "0", ""],
    ...size.layers.map(rowOf),
    ["total", "", "", "", grouped(size.parameters), flopsText(size), ""],
  ], {
    align: ["left", "left", "right", "left", "right", "right", "right"],
    heading: true,
  });
  return `${layers}\n\n${totals(size, options)}`;
}

function rowOf(row: LayerSize): string[] {
  return [
    row.path,
    row.op,
    shapeText(row.outputShape),
    row.window === null ? "" : windowText(row.window),
    grouped(row.parameters),
    row.flops === null ? "?" : briefCount(row.flops),
    fieldText(row),
  ];
}

/** A receptive field as text: "all" if it is the whole input. */
export function fieldText({ receptiveField, receptiveStride }: LayerSize): string {
  if (receptiveField === null) return "?";
  if (receptiveStride === null) return "all";
  // Beyond a layer that enlarges, fields begin and end between pixels.
  const whole = (side: number): number => Math.ceil(side);
  return pairText(
    typeof receptiveField === "number"
      ? whole(receptiveField)
      : [whole(receptiveField[0]), whole(receptiveField[1])],
  );
}

/** A model's operations as text, with "≥" if some layers do not declare theirs. */
export function flopsText(
  { flops, unknown }: Pick<ModelSize, "flops" | "unknown">,
): string {
  return `${unknown.length > 0 ? "≥ " : ""}${briefCount(flops)}`;
}

/** The sums of all layers, and the memory of training. */
function totals(size: ModelSize<ShapeTree, ShapeTree>, options: TrainingMemoryOptions): string {
  const { batchSize = 1, optimizer = "adam" } = options;
  const memory = trainingMemory(size, { batchSize, optimizer });
  const unknown = size.unknown.length > 0
    ? [["not counted", `${size.unknown.join(", ")} (they do not declare a cost)`]]
    : [];
  return table([
    ["parameters", `${grouped(size.parameters)}, ${briefBytes(memory.parameters)} in float32`],
    ["depth", `${size.depth} layers with weights`],
    ["FLOPs", `${flopsText(size)} for one example, a multiply-add being two`],
    ...unknown,
    ["activations", `${grouped(size.activations)} for one example`],
    ...(size.recomputedFlops === 0 ? [] : [[
      "recomputed",
      `${briefCount(size.recomputedFlops)} FLOPs again in the backward pass; it holds ${
        grouped(size.kept)
      } activations at once`,
    ]]),
    [
      "training",
      `${briefBytes(memory.total)} at batch size ${batchSize}: parameters ${
        briefBytes(memory.parameters)
      }, gradients ${briefBytes(memory.gradients)}, ${optimizer}'s moments ${
        briefBytes(memory.moments)
      }, state ${briefBytes(memory.state)}, input ${briefBytes(memory.input)}, activations ${
        briefBytes(memory.activations)
      }`,
    ],
  ]);
}
