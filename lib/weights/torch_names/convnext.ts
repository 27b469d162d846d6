// How torchvision names ConvNeXt's layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/convnext.py
import { namesByPatterns } from "./by_patterns.ts";

/** Places of a block's layers in its chain. */
const PLACES: Readonly<Record<string, number>> = { depthwise: 0, norm: 2, expand: 3, project: 5 };

/** Torchvision's names for `convnext-tiny`: `features.1.0.block.0`, `classifier.2`. */
export const torchvisionConvNext = namesByPatterns("torchvision's ConvNeXt", [
  [/(patches|norm)/, (kind) => `features.0.${kind === "norm" ? 1 : 0}`],
  [/down(\d)\/(norm|conv)/, (i, kind) => `features.${2 * Number(i)}.${kind === "norm" ? 0 : 1}`],
  [/stage(\d)\/block(\d)\/body\/(\w+)/, (stage, block, part) => {
    const module = `features.${2 * Number(stage) - 1}.${Number(block) - 1}`;
    return part === "scale" ? module : `${module}.block.${PLACES[part]}`;
  }],
  [/headNorm/, () => "classifier.0"],
  [/logits/, () => "classifier.2"],
], { isDense: (layer) => /\/(?:expand|project)$/.test(layer) });
