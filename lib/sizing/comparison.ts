// Models side by side: what each costs, for the story of Figure 12.15.
import { table } from "../text/table.ts";
import type { ModelSize } from "./model_size.ts";
import { briefBytes, briefCount, grouped } from "./quantity.ts";
import { fieldText, flopsText } from "./summary.ts";

/** A model in a comparison. */
export type Compared = {
  readonly name: string;
  readonly size: ModelSize;
  /** What it reached, where that is known. */
  readonly result?: Result;
};

/** What a model reached in the contest of a year. */
export type Result = {
  readonly year: number;
  /** Share of images whose class is not among the five best answers, in percent. */
  readonly error: number;
  /** Which network that is of, where it is a sister of this one. */
  readonly of?: string;
};

const HEADING = [
  "model",
  "year",
  "top-5 error",
  "depth",
  "parameters",
  "weights",
  "FLOPs",
  "activations",
  "receptive field",
];

/**
 * A table of models: top-5 error where it is known, depth in layers with weights, parameters,
 * their size in float32, FLOPs and numbers of all layers' outputs for one example, and the
 * receptive field of the last layer that does not see the whole input.
 *
 * @param models the models, in their order
 * @returns the table, lines of text
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { comparison, lenet5, sizeOfModel } from "@neocog/neocog";
 *
 * const size = sizeOfModel(lenet5(), [28, 28, 1]);
 * assertStringIncludes(comparison([{ name: "lenet5", size }]), "61,706");
 * ```
 */
export function comparison(models: readonly Compared[]): string {
  const rows = models.map(({ name, size, result }) => [
    name,
    result ? `${result.year}` : "",
    result ? `${result.error} %${result.of === undefined ? "" : ` (${result.of})`}` : "",
    grouped(size.depth),
    grouped(size.parameters),
    briefBytes(4 * size.parameters),
    flopsText(size),
    briefCount(size.activations),
    lastField(size),
  ]);
  const align = HEADING.map((_, i) => i === 0 || i === 2 ? "left" : "right");
  return table([HEADING, ...rows], { align, heading: true });
}

function lastField({ layers }: ModelSize): string {
  const last = layers.findLast(({ receptiveStride }) => receptiveStride !== null) ?? layers.at(-1);
  return last ? fieldText(last) : "";
}
