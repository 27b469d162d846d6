// The namespace `layers`: layers that a first script does without.

export * from "./activations.ts";
