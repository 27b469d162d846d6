// Operations that a format lacks, made of others.
import type { Add, Operation, Value } from "../layers/operation.ts";
import type { Shape } from "../tensor/tensor.ts";
import { NUMBER_LOWERINGS } from "./lower_numbers.ts";
import { SHAPE_LOWERINGS } from "./lower_shapes.ts";
import { WINDOW_LOWERINGS } from "./lower_windows.ts";
import type { Lowering, Lowerings } from "./lowering.ts";

const LOWERINGS: Lowerings = { ...NUMBER_LOWERINGS, ...SHAPE_LOWERINGS, ...WINDOW_LOWERINGS };

/**
 * An operation by simpler ones.
 *
 * @param add adds one of them, perhaps by making it of others again
 * @returns its output; `undefined` if it is as simple as can be
 */
export function lower(
  operation: Operation,
  shape: Shape,
  inputs: readonly Value[],
  add: Add,
): Value | undefined {
  const known = LOWERINGS[operation.op] as Lowering | undefined;
  return known?.(operation, shape, inputs, add);
}
