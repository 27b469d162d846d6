// Keras files: their layers become layers of ours.

export { readKeras } from "./read.ts";
