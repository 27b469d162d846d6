// How torchvision names AlexNet's layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/alexnet.py
import { alexnet } from "../../models/alexnet.ts";
import type { TorchLayout } from "../torch_layout.ts";
import { moduleOf, numberedModules } from "./numbered.ts";

/**
 * Torchvision's names for {@linkcode alexnet}'s torchvision variant: `features.0` to `features.10`,
 * `classifier.1` to `classifier.6`.
 */
export function alexnetTorchNames(): TorchLayout {
  const modules = numberedModules(alexnet({ variant: "torchvision" }), [224, 224, 3], "drop6");
  return { name: "torchvision", module: (layer) => moduleOf("AlexNet", modules, layer) };
}
