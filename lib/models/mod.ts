// The architectures, a paper a file, and their registry.

export * from "./lenet.ts";
export * from "./lenet5_1998.ts";
export * from "./compact_convnet.ts";
export * from "./chapter_mnist.ts";
export * from "./cifar_resnet.ts";
export { alexnet, type AlexNetOptions, type AlexNetParams } from "./alexnet.ts";
export type { DenseHead, DenseHeadOptions, DenseHeadParams } from "./dense_head.ts";
export * from "./zfnet.ts";
export * from "./vgg.ts";
export * from "./squeezenet.ts";
export type { ResidualBlocks } from "./residual_stage.ts";
export * from "./resnet.ts";
export * from "./googlenet.ts";
export * from "./inception_v3.ts";
export * from "./registry.ts";
