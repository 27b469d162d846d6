// Compares the costs of models in a table (Figure 12.15).
import { table } from "../text/table.ts";
import type { ShapeTree } from "../tensor/tensor.ts";
import type { ModelSize } from "./model_size.ts";
import { briefBytes, briefCount, grouped } from "./quantity.ts";
import { fieldText, flopsText } from "./summary.ts";

/** A model in a comparison. */
export type Compared = {
  readonly name: string;
  readonly size: ModelSize<ShapeTree, ShapeTree>;
  /** Its result in a contest, if it is known. */
  readonly result?: Result;
};

/** The result of a model in the contest of a year. */
export type Result = {
  readonly year: number;
  /** The top-5 error in percent. */
  readonly error: number;
  /** The network that reached it, if it is a variant of this one. */
  readonly of?: string;
};

/** The columns of the table. */
const COLUMNS: readonly {
  readonly heading: string;
  readonly align: "left" | "right";
  readonly text: (model: Compared) => string;
}[] = [
  { heading: "model", align: "left", text: ({ name }) => name },
  { heading: "year", align: "right", text: ({ result }) => result ? `${result.year}` : "" },
  { heading: "top-5 error", align: "left", text: ({ result }) => errorText(result) },
  { heading: "depth", align: "right", text: ({ size }) => grouped(size.depth) },
  { heading: "parameters", align: "right", text: ({ size }) => grouped(size.parameters) },
  { heading: "weights", align: "right", text: ({ size }) => briefBytes(4 * size.parameters) },
  { heading: "FLOPs", align: "right", text: ({ size }) => flopsText(size) },
  { heading: "activations", align: "right", text: ({ size }) => briefCount(size.activations) },
  { heading: "field of last maps", align: "right", text: ({ size }) => lastField(size) },
];

function errorText(result: Result | undefined): string {
  if (!result) return "";
  return `${result.error} %${result.of === undefined ? "" : ` (${result.of})`}`;
}

/**
 * Makes a table of models: year and top-5 error if they are known, depth in layers with weights,
 * parameters and their size in float32, FLOPs and outputs of all layers for one example, and the
 * receptive field of the last layer that does not see the whole input.
 *
 * @param models the models, in order
 * @returns the table, lines of text
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { comparison, sizeOfModel } from "@neocog/neocog/sizing";
 * import { lenet5 } from "@neocog/neocog";
 *
 * const size = sizeOfModel(lenet5(), [28, 28, 1]);
 * assertStringIncludes(comparison([{ name: "lenet5", size }]), "61,706");
 * ```
 */
export function comparison(models: readonly Compared[]): string {
  // A column that is empty for all models is left out.
  const told = COLUMNS.filter(({ text }) => models.some((model) => text(model) !== ""));
  const rows = models.map((model) => told.map(({ text }) => text(model)));
  const align = told.map(({ align }) => align);
  return table([told.map(({ heading }) => heading), ...rows], { align, heading: true });
}

function lastField({ layers }: Compared["size"]): string {
  const last = layers.findLast(({ receptiveStride }) => receptiveStride !== null) ?? layers.at(-1);
  return last ? fieldText(last) : "";
}
