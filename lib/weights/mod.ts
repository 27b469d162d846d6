// Weights in files: safetensors, PyTorch layouts, published weights.

export * from "./known_weights.ts";
export { pretrained, type PretrainedFile, type PretrainedOptions } from "./pretrained.ts";
export * from "./recognize.ts";
export { parseSafetensors, type Safetensors, type SafetensorsEntry } from "./safetensors.ts";
export * from "./safetensors_file.ts";
export * from "./safetensors_write.ts";
export type { SafetensorsDtype } from "./safetensors_dtype.ts";
export * from "./tensor_file.ts";
export * from "./tensor_source.ts";
export * from "./torch.ts";
export { pathLayout, type TorchLayout } from "./torch_layout.ts";
export * from "./torch_layouts.ts";
export {
  writeKeras,
  writeOnnx,
  type WriteOnnxOptions,
  type WriteOptions,
  writeTfjs,
  type WriteTfjsOptions,
  type WrittenAbout,
  type WrittenNetwork,
} from "./write.ts";
export { parseCheckpoint, serializeCheckpoint } from "./checkpoint.ts";
