// TensorFlow.js files: their layers and operators become layers of ours.

export { readTfjs } from "./read.ts";
