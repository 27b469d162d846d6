/**
 * neocog: scriptable ConvNets for Deno on WebGPU.
 *
 * What a first script uses is exported flat; the rest is in namespaces, each of which is also an
 * entry of its own, `@neocog/neocog/explain`.
 *
 * @module
 */

// Device
export {
  type BackendName,
  type Device,
  start,
  type StartOptions,
  stop,
} from "./lib/device/start.ts";
export type { PowerPreference } from "./lib/device/adapter.ts";
export { DeviceError, type DeviceErrorKind } from "./lib/device/errors.ts";
export { type Argument, jit, type JitOptions, type Jitted } from "./lib/device/jit/jit.ts";

// Tensors, layers, models
export * from "./lib/tensor/mod.ts";
export * from "./lib/layers/mod.ts";
export * from "./lib/models/mod.ts";

// Data
export {
  type DataSplit,
  type Examples,
  splitValidation,
  takeExamples,
} from "./lib/data/examples.ts";
export { type ImageSource, readExamples } from "./lib/data/image_source.ts";
export { type Batch, batches, type BatchOptions, type Dataset } from "./lib/data/dataset.ts";
export type { Normalization } from "./lib/data/normalization.ts";
export { type IdxOptions, mnist } from "./lib/data/sources/mnist.ts";
export { fashionMnist } from "./lib/data/sources/fashion_mnist.ts";
export {
  type ImageFolder,
  imageFolder,
  type ImageFolderOptions,
} from "./lib/data/sources/image_folder.ts";
export type { BrokenFile, CacheUse } from "./lib/data/sources/pixel_cache.ts";
export { cifar10, type Cifar10Options } from "./lib/data/sources/cifar10.ts";
export type { FeatureSource } from "./lib/data/feature_source.ts";

// Training, transfer
export * from "./lib/losses/mod.ts";
export * from "./lib/optimizers/mod.ts";
export * from "./lib/train/mod.ts";
export * from "./lib/transfer/mod.ts";

// Weights
export {
  type Checkpoint,
  readCheckpoint,
  type Tensors,
  writeCheckpoint,
} from "./lib/weights/checkpoint.ts";
export type { HostDtype, HostTensor, HostValues } from "./lib/weights/host_tensor.ts";
export type { Json } from "./lib/weights/json.ts";

// Namespaces
export * as augment from "./lib/augment/mod.ts";
export * as callbacks from "./lib/train/callbacks/mod.ts";
export * as chart from "./lib/chart/mod.ts";
export * as data from "./lib/data/mod.ts";
export * as device from "./lib/device/mod.ts";
export * as explain from "./lib/explain/mod.ts";
export * as files from "./lib/files/mod.ts";
export * as generate from "./lib/generate/mod.ts";
export * as image from "./lib/image/mod.ts";
export * as report from "./lib/train/report/mod.ts";
export * as sizing from "./lib/sizing/mod.ts";
export * as weights from "./lib/weights/mod.ts";
