// Keras files: their layers become layers of ours.

export { parseModel } from "./config.ts";
export { isRecord } from "./model.ts";
export { kerasFile } from "./network.ts";
export { readKeras } from "./read.ts";
export { namedWeights } from "./weights.ts";
