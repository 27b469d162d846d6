/**
 * neocog: scriptable ConvNets for Deno on WebGPU.
 *
 * What a first script uses is flat; the rest is in namespaces, each also an entry of its own,
 * `@neocog/neocog/explain`. Everything that uses a trained network takes it first, then the data,
 * then one options object.
 *
 * - **Device**: `start`, `stop`, `DeviceError`, `jit`
 * - **Tensors**: `tf` (TensorFlow.js), `valueAndGrad`, `sizeOf`;
 *   trees `mapTree`, `entries`, `leaves`, `partition`, `merge`, `disposeTree`; random numbers `key`,
 *   `fold`, `split`
 * - **Layers**: `conv`, `dense`, `maxPool`, `meanPool`, `normPool`, `globalMeanPool`,
 *   `adaptiveMeanPool`, `relu`, `leakyRelu`, `tanh`, `sigmoid`, `softmax`, `identity`, `dropout`,
 *   `batchNorm`, `localResponseNorm`, `flatten`, `padTo`, `zeroPadShortcut`; joined by `sequential`,
 *   `parallel`, `residual`, `graph`, `auxiliary`; `init`, `enter`, `layersOf`, `countParameters`
 * - **Initializers**: `heNormal`, `heUniform`, `glorotNormal`, `glorotUniform`, `lecunNormal`,
 *   `lecunUniform`, `scaledNormal`, `zeros`, `ones`
 * - **Models**: `lenet5`, `lenet5Of1998`, `chapterMnist`, `compactConvnet`, `alexnet`, `zfnet`, `vgg`,
 *   `vgg16`, `vgg19`, `googlenet`, `inceptionV3`, `resnet`, `resnet18`, `resnet34`, `resnet50`,
 *   `resnet101`, `resnet152`, `cifarResnet`, `resnet20`, `plain`, `squeezenet`; by name `models`,
 *   `findModel`
 * - **Data**: `mnist`, `fashionMnist`, `cifar10`, `imageFolder`, `takeExamples`, `sampleExamples`,
 *   `splitValidation`, `readExamples`, `batches`
 * - **Losses**: `softmaxCrossEntropy`, `weightedCrossEntropy`, `meanSquaredError`
 * - **Optimizers**: `sgd`, `adam`, `adamw`, `rmsprop`, `lars`; `chain` of `clipByNorm`, `clipByValue`,
 *   `weightDecay` (`decayKernelsOnly`), `scaleUpdates`, `descend`; wrapped by `ema` (`averagedParams`),
 *   `accumulate`, `adjustable`, `perPath`; `stepWith`, `applyUpdates`; by name `optimizers`
 * - **Schedules**: `oneCycle`, `cosineDecay`, `cosineRestarts`, `stepDecay`, `exponentialDecay`,
 *   `piecewise`, `warmUp`; by name `schedules`
 * - **Training**: `fit`, `evaluate`, `predict`, `classify`, `serve`, `findLearningRate`, `classWeights`,
 *   `stepsPerEpoch`; by several processes `joinWorld`, `shard`; for your own loop `beginTraining`,
 *   `trainStep`, `disposeTraining`
 * - **Weights**: `open`, `snapshot`, `writeCheckpoint`, `readCheckpoint`, `restoreNetwork`,
 *   `restoreTraining`
 * - **Transfer**: `transfer`, `freeze`, `transferWeights`, `splitFrozen`, `cachedFeatures`,
 *   `layerRates`, `snapshotTransfer`, `restoreTransfer`
 * - **Namespaces**: `augment`, `callbacks`, `chart`, `data`, `device`, `explain`, `files`, `generate`,
 *   `image`, `layers`, `losses`, `networks`, `notebook`, `report`, `sizing`, `tensor`, `weights`
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
export { tf } from "./lib/tensor/tf.ts";
export {
  type Scalar,
  type Shape,
  type ShapesOf,
  type ShapeTree,
  sizeOf,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from "./lib/tensor/tensor.ts";
export {
  disposeTree,
  entries,
  leaves,
  mapTree,
  merge,
  type PartialTree,
  partition,
  type Path,
  type Tree,
} from "./lib/tensor/tree.ts";
export { fold, type Key, key, split } from "./lib/tensor/random.ts";
export { type ValueAndGrad, valueAndGrad } from "./lib/tensor/grad.ts";
export type { Activation } from "./lib/tensor/activation.ts";
export type { RateRule } from "./lib/tensor/update_trees.ts";
export * from "./lib/layers/mod.ts";
export * from "./lib/models/mod.ts";

// Data
export type { Examples } from "./lib/data/examples.ts";
export type {
  ArrayExamples,
  Column,
  Columns,
  ColumnValues,
  TreeBatch,
} from "./lib/data/columns.ts";
export {
  type DataSplit,
  type FeatureSource,
  type ImageSource,
  readExamples,
} from "./lib/data/image_source.ts";
export { sampleExamples, splitValidation, takeExamples } from "./lib/data/select_examples.ts";
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

// Training, transfer
export * from "./lib/losses/mod.ts";
export * from "./lib/optimizers/mod.ts";
export * from "./lib/train/mod.ts";
export * from "./lib/transfer/mod.ts";
export * from "./lib/world/mod.ts";
export { serve, type ServeOptions, type Service } from "./lib/serve/serve.ts";

// Weights
export {
  type Checkpoint,
  readCheckpoint,
  type Tensors,
  writeCheckpoint,
} from "./lib/weights/checkpoint.ts";
export { open, type OpenedNetwork } from "./lib/weights/open.ts";
export type { GivenModel } from "./lib/weights/checkpoint_network.ts";
export type { OpenOptions } from "./lib/weights/network_file.ts";
export type { HostDtype, HostTensor, HostValues } from "./lib/weights/host_tensor.ts";
export type { Json } from "./lib/weights/json.ts";

// Namespaces
/** Random changes of training images, on the device: crops, flips, colors, mixup. */
export * as augment from "./lib/augment/mod.ts";
/** What runs beside a training run: early stopping, checkpoints, logs, time limits. */
export * as callbacks from "./lib/train/callbacks/mod.ts";
/** Charts as SVG. */
export * as chart from "./lib/chart/mod.ts";
/** Data sets by name, streams of examples for your own loops, IDX files, class names. */
export * as data from "./lib/data/mod.ts";
/** What code costs on the device: dispatches, bytes, times; work that survives a lost device. */
export * as device from "./lib/device/mod.ts";
/** Looking inside a network (§12.9): activations, attributions, features, patches. */
export * as explain from "./lib/explain/mod.ts";
/** Files that are written whole or not at all. */
export * as files from "./lib/files/mod.ts";
/** Making images with a network (§12.9): class images, DeepDream, inversion, attacks. */
export * as generate from "./lib/generate/mod.ts";
/** Pictures: PNG and JPEG files, resizing, preprocessing, grids, color maps. */
export * as image from "./lib/image/mod.ts";
/** More layers: activations, convolutions, normalization, noise, joins, shapes. */
export * as layers from "./lib/layers/namespace.ts";
/** Values that show themselves in Jupyter notebooks, and progress that is drawn in place. */
export * as notebook from "./lib/notebook/mod.ts";
/** Networks beyond the chapter's: DenseNet, MobileNet and others. */
export * as networks from "./lib/models/networks.ts";
/** More losses: of units, classes, vectors and masks, with weights. */
export * as losses from "./lib/losses/namespace.ts";
/** What a trained network reached: metrics, tables, curves, its worst mistakes. */
export * as report from "./lib/train/report/mod.ts";
/** Output sizes, parameters and memory before anything is allocated (§12.4 to §12.6). */
export * as sizing from "./lib/sizing/mod.ts";
/** Operations with gradients of their own, and random numbers as host arrays. */
export * as tensor from "./lib/tensor/mod.ts";
/** Weights in files: safetensors, PyTorch layouts, published weights. */
export * as weights from "./lib/weights/mod.ts";
