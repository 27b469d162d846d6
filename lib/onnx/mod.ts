// ONNX files: what they say becomes layers of ours.

export { readOnnx } from "./network.ts";
