// Keras files: their layers become layers of ours.

export { isRecord, parseModel } from "./config.ts";
export { kerasFile } from "./network.ts";
export { readKeras } from "./read.ts";
export { namedWeights } from "./weights.ts";
