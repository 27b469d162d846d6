// The namespace `losses`: losses besides those that classifiers are trained by.

export type { WeightedLoss } from "./weights.ts";
export {
  binaryCrossEntropy,
  type BinaryCrossEntropyOptions,
  binaryFocalLoss,
  type BinaryFocalLossOptions,
  huber,
  type HuberOptions,
  meanAbsoluteError,
} from "./unit_losses.ts";
export * from "./class_losses.ts";
export * from "./embedding_losses.ts";
export * from "./dice.ts";
