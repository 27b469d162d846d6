// ONNX files: what they say becomes layers of ours.

export { type OnnxFile, type OnnxNetwork, type OnnxOptions, readOnnx } from "./network.ts";
