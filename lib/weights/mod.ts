// Weights in files: safetensors, PyTorch layouts, published weights.

export { type KnownWeights, knownWeights, type WeightsSource } from "./known_weights.ts";
export { pretrained, type PretrainedFile, type PretrainedOptions } from "./pretrained.ts";
export { recognize, type Recognized } from "./recognize.ts";
export { parseSafetensors, type Safetensors, type SafetensorsEntry } from "./safetensors.ts";
export { openSafetensors, type SafetensorsFile, type TensorInfo } from "./safetensors_file.ts";
export {
  type LazyTensor,
  serializeSafetensors,
  writeSafetensors,
  type WrittenValues,
} from "./safetensors_write.ts";
export type { SafetensorsDtype } from "./safetensors_dtype.ts";
export { type TensorSource, tensorSource } from "./tensor_source.ts";
export {
  fromTorch,
  type FromTorchOptions,
  type TorchNetwork,
  toTorch,
  writeTorch,
} from "./torch.ts";
export type { TorchLayout } from "./torch_layout.ts";
export { torchLayouts } from "./torch_layouts.ts";
export { parseCheckpoint, serializeCheckpoint } from "./checkpoint.ts";
