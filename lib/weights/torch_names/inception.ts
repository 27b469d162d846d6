// How torchvision's Inception v3 names its layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/inception.py
import { type TorchLayout, unknownLayer } from "../torch_layout.ts";

/** Whole layers that are no units. */
const DENSE: Readonly<Record<string, string>> = {
  "logits": "fc",
  "aux/head/logits": "AuxLogits.fc",
};

/** Units outside the modules. */
const UNITS: Readonly<Record<string, string>> = {
  "conv1": "Conv2d_1a_3x3",
  "conv2": "Conv2d_2a_3x3",
  "conv3": "Conv2d_2b_3x3",
  "conv4": "Conv2d_3b_1x1",
  "conv5": "Conv2d_4a_3x3",
  "aux/head/conv1": "AuxLogits.conv0",
  "aux/head/conv2": "AuxLogits.conv1",
};

/** A unit of a module: the module, the branch, the unit's number and letter, if it has them. */
const IN_MODULE =
  /^mixed([5-7][a-e])\/(?:(branch\dx\d(?:dbl|x3)?)(?:\/conv(\d)(?:\/([ab]))?)?|branchPool\/project)$/;

function unitName(unit: string): string | undefined {
  if (Object.hasOwn(UNITS, unit)) return UNITS[unit];
  const [, module, branch, number, letter = ""] = IN_MODULE.exec(unit) ?? [];
  if (!module) return undefined;
  const name = branch ? `${branch}${number ? `_${number}${letter}` : ""}` : "branch_pool";
  return `Mixed_${module}.${name}`;
}

/** Torchvision's names for `inception-v3`: `Mixed_5b.branch5x5_1.conv`, `AuxLogits.conv0.conv`, `fc`. */
export const torchvisionInception: TorchLayout = {
  name: "torchvision",
  module(layer) {
    if (Object.hasOwn(DENSE, layer)) return DENSE[layer]!;
    const [, unit, part] = /^(.+)\/(conv|norm)$/.exec(layer) ?? [];
    const name = unit && unitName(unit);
    if (!name) throw unknownLayer("torchvision's Inception v3", layer);
    return `${name}.${part === "conv" ? "conv" : "bn"}`;
  },
};
