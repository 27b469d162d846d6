// Data sets by name, streams of examples, IDX files, class names.

export * from "./sources/registry.ts";
export { type Idx, parseIdx, readIdx } from "./sources/idx.ts";
export * from "./sources/imagenet_classes.ts";
export { cifar10Classes } from "./sources/cifar10.ts";
export * from "./example_image.ts";
export * from "./combinators.ts";
