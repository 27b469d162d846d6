// How torchvision's GoogLeNet names its layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/googlenet.py
import { type TorchLayout, unknownLayer } from "../torch_layout.ts";

/** The convolution or normalization of a unit, at the end of a path. */
const PARTS: Readonly<Record<string, string>> = { conv: "conv", norm: "bn" };

/** Modules of the heads' layers. */
const HEAD: Readonly<Record<string, string>> = { fc1: "fc1", logits: "fc2" };

/** The place of a branch's unit in torchvision's `nn.Sequential`: the first has no sequence. */
function branchModule(branch: string, unit: string): string | undefined {
  if (branch === "1") return unit === "main" ? "branch1" : undefined;
  if (branch === "4") return unit === "project" ? "branch4.1" : undefined;
  return unit === "project" ? undefined : `branch${branch}.${unit === "reduce" ? 0 : 1}`;
}

function moduleOf(layer: string): string | undefined {
  if (layer === "logits") return "fc";
  const [, aux, last] = /^(aux[12])\/head\/(fc1|logits)$/.exec(layer) ?? [];
  if (aux) return `${aux}.${HEAD[last!]}`;
  const [, unit, part] = /^(.+)\/(conv|norm)$/.exec(layer) ?? [];
  if (!unit) return undefined;
  const [, head] = /^(aux[12])\/head\/project$/.exec(unit) ?? [];
  if (head) return `${head}.conv.${PARTS[part!]}`;
  if (/^conv[123]$/.test(unit)) return `${unit}.${PARTS[part!]}`;
  const [, mixed, branch, name] =
    /^(inception(?:3[ab]|4[a-e]|5[ab]))\/branch([1-4])\/(reduce|main|project)$/.exec(unit) ?? [];
  const inner = mixed && branchModule(branch!, name!);
  return inner && `${mixed}.${inner}.${PARTS[part!]}`;
}

/** Torchvision's names for `googlenet-torchvision`: `inception3a.branch2.0.conv`, `aux1.fc1`, `fc`. */
export const torchvisionGoogLeNet: TorchLayout = {
  name: "torchvision",
  module(layer) {
    const module = moduleOf(layer);
    if (!module) throw unknownLayer("torchvision's GoogLeNet", layer);
    return module;
  },
};
