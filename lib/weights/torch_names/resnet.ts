// How PyTorch's ResNets name their layers: torchvision's and timm's for ImageNet, akamaster's for
// CIFAR. https://github.com/pytorch/vision/blob/main/torchvision/models/resnet.py
// https://github.com/akamaster/pytorch_resnet_cifar10/blob/master/resnet.py
import type { Path } from "../../tensor/tree.ts";
import { type TorchLayout, unknownLayer } from "../torch_layout.ts";

/** A layer of a block: its stage, its number from 1, its place there. */
const IN_BLOCK = /^stage(\d)\/block(\d+)\/(?:sum\/)?(body|shortcut)\/(conv|norm)(\d?)$/;

/**
 * @param name whose names they are
 * @param classifier what the last layer is called
 */
function residualLayout(name: string, classifier: string): TorchLayout {
  const ends: Readonly<Record<Path, string>> = { conv1: "conv1", norm1: "bn1", logits: classifier };
  return {
    name,
    module(layer) {
      if (Object.hasOwn(ends, layer)) return ends[layer]!;
      const [, stage, number, part, kind, digit] = IN_BLOCK.exec(layer) ?? [];
      // The body's layers are numbered, the shortcut's are not.
      if (!stage || (part === "body") !== (digit !== "")) {
        throw unknownLayer(`${name}'s ResNet`, layer);
      }
      const block = `layer${stage}.${Number(number) - 1}`;
      if (part === "shortcut") return `${block}.downsample.${kind === "conv" ? 0 : 1}`;
      return `${block}.${kind === "conv" ? "conv" : "bn"}${digit}`;
    },
  };
}

/** Torchvision's names for `resnet18` to `resnet152`: `layer1.0.conv1`, `fc`. */
export const torchvisionResnet: TorchLayout = residualLayout("torchvision", "fc");

/** Akamaster's names for `resnet20` to `resnet110`, without weights in the shortcuts: `linear`. */
export const akamasterResnet: TorchLayout = residualLayout("akamaster", "linear");
