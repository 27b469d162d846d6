// The architectures, a paper a file, and their registry.

export { lenet5, type LeNet5Options, type LeNet5Params } from "./lenet.ts";
export {
  lenet5Of1998,
  type LeNet5Of1998Options,
  type LeNet5Of1998Params,
  type LeNet5Of1998State,
} from "./lenet5_1998.ts";
export { compactConvnet, type CompactConvnetOptions } from "./compact_convnet.ts";
export {
  chapterMnist,
  type ChapterMnistOptions,
  type ChapterMnistParams,
} from "./chapter_mnist.ts";
export {
  cifarResnet,
  type CifarResnetOptions,
  type CifarResnetParams,
  plain,
  resnet20,
} from "./cifar_resnet.ts";
export { alexnet, type AlexNetOptions, type AlexNetParams } from "./alexnet.ts";
export type { DenseHead, DenseHeadOptions, DenseHeadParams } from "./dense_head.ts";
export { zfnet, type ZFNetOptions, type ZFNetParams } from "./zfnet.ts";
export { vgg, vgg16, vgg19, type VggOptions, type VggParams } from "./vgg.ts";
export {
  type FireParams,
  squeezenet,
  type SqueezeNetOptions,
  type SqueezeNetParams,
} from "./squeezenet.ts";
export type { ResidualBlocks } from "./residual_stage.ts";
export {
  resnet,
  resnet101,
  resnet152,
  resnet18,
  resnet34,
  resnet50,
  type ResnetBlocks,
  type ResnetHeadOptions,
  type ResnetOptions,
  type ResnetParams,
} from "./resnet.ts";
export { googlenet, type GoogLeNetOptions, type GoogLeNetParams } from "./googlenet.ts";
export { inceptionV3, type InceptionV3Options, type InceptionV3Params } from "./inception_v3.ts";
export { findModel, type ModelEntry, type ModelOptions, models } from "./registry.ts";
