// The namespace `layers`: layers that a first script does without.

export * from "./activations.ts";
export * from "./conv_transpose.ts";
export * from "./pad.ts";
export * from "./scaling.ts";
