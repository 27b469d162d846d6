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
