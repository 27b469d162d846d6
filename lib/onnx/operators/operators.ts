// All operators on what a network computes.
import { FUNCTIONS } from "./functions.ts";
import type { Operator } from "./operator.ts";
import { SHAPES } from "./shapes.ts";
import { SUMS } from "./sums.ts";
import { WINDOWS } from "./windows.ts";

/** The operators by ONNX's names. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  ...FUNCTIONS,
  ...SHAPES,
  ...SUMS,
  ...WINDOWS,
};
