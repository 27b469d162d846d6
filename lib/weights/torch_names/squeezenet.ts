// How torchvision names SqueezeNet's layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/squeezenet.py
import { squeezenet, type SqueezeNetOptions } from "../../models/squeezenet.ts";
import type { TorchLayout } from "../torch_layout.ts";
import { moduleOf, numberedModules } from "./numbered.ts";

/** Torchvision's names within a fire module. */
const FIRE: readonly (readonly [string, string])[] = [
  ["squeeze", "squeeze"],
  ["expand/one/conv", "expand1x1"],
  ["expand/three/conv", "expand3x3"],
];

/**
 * Torchvision's names for {@linkcode squeezenet}: `features.0`, `features.3.squeeze` to
 * `features.12.expand3x3`, `classifier.1`.
 *
 * @param version the network's. Default: `"1.0"`
 */
export function squeezenetTorchNames(version?: SqueezeNetOptions["version"]): TorchLayout {
  const chain = numberedModules(squeezenet(version ? { version } : {}), [224, 224, 3], "drop");
  const modules = new Map(
    [...chain].flatMap(([name, module]): (readonly [string, string])[] =>
      name.startsWith("fire")
        ? FIRE.map(([ours, theirs]) => [`${name}/${ours}`, `${module}.${theirs}`])
        : [[name, module]]
    ),
  );
  return { name: "torchvision", module: (layer) => moduleOf("SqueezeNet", modules, layer) };
}
