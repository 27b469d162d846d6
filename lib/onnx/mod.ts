// ONNX files: what they say becomes layers of ours.

export type { OnnxNetwork } from "./assemble.ts";
export { type OnnxFile, type OnnxOptions, readOnnx } from "./network.ts";
