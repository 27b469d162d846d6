// The namespace `layers`: layers that a first script does without.

export * from "./activations.ts";
export * from "./checkpoint.ts";
export * from "./conv_transpose.ts";
export * from "./example_norm.ts";
export * from "./noise.ts";
export * from "./pad_by.ts";
export * from "./read_out.ts";
export * from "./rearrange.ts";
export * from "./scaling.ts";
export * from "./squeeze_excite.ts";
export type { Joined, Operations } from "./layer.ts";
export type {
  Add,
  Binary,
  JoinCall,
  NumberFunction,
  Operation,
  OperationCall,
  Slide,
  Two,
  Value,
  Weight,
} from "./operation.ts";
