// What makes an operation of others.
import type { Add, Operation, Value } from "../layers/operation.ts";
import type { Shape } from "../tensor/tensor.ts";

/** An operation with its output's shape, what it takes, and where simpler ones go. */
export type Lowering<O extends Operation = Operation> = (
  operation: O,
  shape: Shape,
  inputs: readonly Value[],
  add: Add,
) => Value | undefined;

/** The operation of a name. */
export type Op<Name extends Operation["op"]> = Extract<Operation, { readonly op: Name }>;

/** What makes operations of others, by their names. */
export type Lowerings = { readonly [Name in Operation["op"]]?: Lowering<Op<Name>> };
