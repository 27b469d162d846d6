// How torchvision names DenseNet's layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/densenet.py
import { namesByPatterns } from "./by_patterns.ts";

/** Torchvision's names for `densenet121`: `features.denseblock1.denselayer1.conv1`, `classifier`. */
export const torchvisionDenseNet = namesByPatterns("torchvision's DenseNet", [
  [/(conv|norm)1/, (kind) => `features.${kind}0`],
  [
    /block(\d)\/layer(\d+)\/added\/(\w+)/,
    (block, layer, name) => `features.denseblock${block}.denselayer${layer}.${name}`,
  ],
  [/transition(\d)\/(\w+)/, (block, name) => `features.transition${block}.${name}`],
  [/norm5/, () => "features.norm5"],
  [/logits/, () => "classifier"],
]);
