// How torchvision and timm name VGG's layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/vgg.py
// https://github.com/huggingface/pytorch-image-models/blob/main/timm/models/vgg.py
import { vgg, type VggOptions } from "../../models/vgg.ts";
import type { TorchLayout } from "../torch_layout.ts";
import { moduleOf, numberedModules } from "./numbered.ts";

/** Which VGG. */
export type VggNamesOptions = Pick<VggOptions, "depth" | "batchNorm">;

/** Timm's names for what torchvision calls `classifier.0`, `classifier.3` and `classifier.6`. */
const TIMM_HEAD = [
  ["fc6", "pre_logits.fc1"],
  ["fc7", "pre_logits.fc2"],
  ["logits", "head.fc"],
] as const;

/**
 * Torchvision's names for {@linkcode vgg}, of VGG-16 `features.0` to `features.28` and
 * `classifier.0` to `classifier.6`.
 *
 * @param options depth, whether batch-normalized
 */
export function vggTorchNames(options: VggNamesOptions): TorchLayout {
  const modules = torchvisionModules(options);
  return { name: "torchvision", module: (layer) => moduleOf("VGG", modules, layer) };
}

/**
 * Timm's names for {@linkcode vgg}: torchvision's `features`, `pre_logits.fc1`, `pre_logits.fc2`
 * and `head.fc`. The first two are convolutions there, of 7 × 7 and 1 × 1 filters, so that their
 * weights are of rank 4, `[4096, 512, 7, 7]` and `[4096, 4096, 1, 1]`.
 *
 * @param options depth, whether batch-normalized
 */
export function vggTimmNames(options: VggNamesOptions): TorchLayout {
  const modules = new Map([...torchvisionModules(options), ...TIMM_HEAD]);
  return {
    name: "timm",
    module: (layer) => moduleOf("VGG", modules, layer),
    isConv: (layer) => layer === "fc6" || layer === "fc7",
  };
}

function torchvisionModules({ depth, batchNorm }: VggNamesOptions): ReadonlyMap<string, string> {
  return numberedModules(vgg({ depth, batchNorm }), [224, 224, 3], "fc6");
}
