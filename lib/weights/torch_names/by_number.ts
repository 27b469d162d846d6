// Networks that PyTorch writes as two chains, `features` and `classifier`, of numbered modules.
// https://github.com/pytorch/vision/tree/main/torchvision/models: alexnet.py, squeezenet.py, vgg.py
// https://github.com/huggingface/pytorch-image-models/blob/main/timm/models/vgg.py
import type { Layer } from "../../layers/layer.ts";
import { alexnet } from "../../models/alexnet.ts";
import { squeezenet, type SqueezeNetOptions } from "../../models/squeezenet.ts";
import { vgg, type VggOptions } from "../../models/vgg.ts";
import type { Path } from "../../tensor/tree.ts";
import { type TorchLayout, unknownLayer } from "../torch_layout.ts";

/** A layer of ours, and PyTorch's module in its place. */
export type Name = readonly [layer: Path, module: string];

/**
 * PyTorch's names by a list.
 *
 * @param network whose names they are, `"torchvision's VGG"`
 * @param names lists them; called when the first is asked for
 * @param options further parts of the layout
 */
export function namesByList(
  network: string,
  names: () => readonly Name[],
  options: Pick<TorchLayout, "isConv"> = {},
): TorchLayout {
  let modules: ReadonlyMap<Path, string> | undefined;
  return {
    name: network.slice(0, network.indexOf("'")),
    module(layer) {
      modules ??= new Map(names());
      const module = modules.get(layer);
      if (module === undefined) throw unknownLayer(network, layer);
      return module;
    },
    ...options,
  };
}

/**
 * The numbered module of each layer of a chain: as torchvision's chains have the same layers in
 * the same order, those without weights included, a layer's place is its number.
 *
 * @param model the network, whose layers from `classifier` on are the second chain
 * @returns modules by the names of our layers, `features.0` of `conv1`
 */
function numbered(model: Layer, classifier: Path): Name[] {
  const names = model.declare([224, 224, 3]).children!.map(({ name }) => name);
  const start = names.indexOf(classifier);
  return names.map((name, i) => [name, i < start ? `features.${i}` : `classifier.${i - start}`]);
}

/**
 * Torchvision's names for {@linkcode alexnet}'s torchvision variant: `features.0` to `features.10`,
 * `classifier.1` to `classifier.6`.
 */
export const torchvisionAlexnet: TorchLayout = namesByList(
  "torchvision's AlexNet",
  () => numbered(alexnet({ variant: "torchvision" }), "drop6"),
);

/** Which VGG. */
type VggNamesOptions = Pick<VggOptions, "depth" | "batchNorm">;

/**
 * Torchvision's names for {@linkcode vgg}, of VGG-16 `features.0` to `features.28` and
 * `classifier.0` to `classifier.6`.
 *
 * @param options depth, whether batch-normalized
 */
export function torchvisionVgg(options: VggNamesOptions): TorchLayout {
  return namesByList("torchvision's VGG", () => numbered(vgg(options), "fc6"));
}

/** Timm's names for what torchvision calls `classifier.0`, `classifier.3` and `classifier.6`. */
const TIMM_HEAD = [
  ["fc6", "pre_logits.fc1"],
  ["fc7", "pre_logits.fc2"],
  ["logits", "head.fc"],
] as const;

/**
 * Timm's names for {@linkcode vgg}: torchvision's `features`, `pre_logits.fc1`, `pre_logits.fc2`
 * and `head.fc`. The first two are convolutions there, of 7 × 7 and 1 × 1 filters, so that their
 * weights are of rank 4, `[4096, 512, 7, 7]` and `[4096, 4096, 1, 1]`.
 *
 * @param options depth, whether batch-normalized
 */
export function timmVgg(options: VggNamesOptions): TorchLayout {
  return namesByList("timm's VGG", () => [...numbered(vgg(options), "fc6"), ...TIMM_HEAD], {
    isConv: (layer) => layer === "fc6" || layer === "fc7",
  });
}

/** Torchvision's names within a fire module. */
const FIRE = [
  ["squeeze", "squeeze"],
  ["expand/one/conv", "expand1x1"],
  ["expand/three/conv", "expand3x3"],
] as const;

/**
 * Torchvision's names for {@linkcode squeezenet}: `features.0`, `features.3.squeeze` to
 * `features.12.expand3x3`, `classifier.1`.
 *
 * @param options its version
 */
export function torchvisionSqueezeNet(options: Pick<SqueezeNetOptions, "version">): TorchLayout {
  const names = (): Name[] =>
    numbered(squeezenet(options), "drop").flatMap(([name, module]): Name[] =>
      name.startsWith("fire")
        ? FIRE.map(([ours, theirs]) => [`${name}/${ours}`, `${module}.${theirs}`])
        : [[name, module]]
    );
  return namesByList("torchvision's SqueezeNet", names);
}
