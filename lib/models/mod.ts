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
  type CifarResnetBlocks,
  type CifarResnetOptions,
  type CifarResnetParams,
  type CifarResnetVariantOptions,
} from "./cifar_resnet.ts";
export {
  plain110,
  plain20,
  plain32,
  plain44,
  plain56,
  resnet110,
  resnet20,
  resnet32,
  resnet44,
  resnet56,
} from "./cifar_resnets.ts";
export {
  alexnet,
  type AlexNetOptions,
  type AlexNetParams,
  alexnetTorchvision,
  alexnetUngrouped,
} from "./alexnet.ts";
export type { DenseHead, DenseHeadOptions, DenseHeadParams } from "./dense_head.ts";
export { zfnet, type ZFNetOptions, type ZFNetParams, zfnetWide } from "./zfnet.ts";
export { vgg, type VggOptions, type VggParams, type VggVariantOptions } from "./vgg.ts";
export { vgg11, vgg11Bn, vgg13, vgg13Bn, vgg16, vgg16Bn, vgg19, vgg19Bn } from "./vggs.ts";
export {
  type FireParams,
  squeezenet,
  type SqueezeNetOptions,
  type SqueezeNetParams,
} from "./squeezenet.ts";
export type { ResidualBlocks } from "./residual_stage.ts";
export {
  resnet,
  type ResnetOptions,
  type ResnetParams,
  type ResnetVariantOptions,
} from "./resnet.ts";
export { resnet101, resnet152, resnet18, resnet34, resnet50 } from "./resnets.ts";
export {
  googlenet,
  type GoogLeNetOptions,
  type GoogLeNetParams,
  googlenetTorchvision,
} from "./googlenet.ts";
export { inceptionV3, type InceptionV3Options, type InceptionV3Params } from "./inception_v3.ts";
export { findModel, type ModelEntry, type ModelOptions, models } from "./registry.ts";
