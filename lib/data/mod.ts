// Data sets by name, streams of examples, IDX files, class names.

export {
  type DataSetEntry,
  type DataSetName,
  type DataSetOptions,
  dataSets,
  findDataSet,
  type OpenDataSet,
} from "./sources/registry.ts";
export { type Idx, parseIdx, readIdx } from "./sources/idx.ts";
export { imagenetClasses } from "./sources/imagenet_classes.ts";
export { cifar10Classes } from "./sources/cifar10.ts";
export { exampleImage } from "./example_image.ts";
export * from "./combinators.ts";
