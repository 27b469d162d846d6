// How torchvision names the layers of networks made of inverted residuals.
// https://github.com/pytorch/vision/blob/main/torchvision/models/mobilenetv2.py, mobilenetv3.py
// https://github.com/pytorch/vision/blob/main/torchvision/models/efficientnet.py
import type { Child, Layer } from "../../layers/layer.ts";
import { efficientnet } from "../../models/efficientnet.ts";
import { mobilenetV2 } from "../../models/mobilenet_v2.ts";
import { mobilenetV3 } from "../../models/mobilenet_v3.ts";
import type { Path } from "../../tensor/tree.ts";
import type { TorchLayout } from "../torch_layout.ts";
import { type Name, namesByList } from "./by_number.ts";

/** A convolution and its normalization. */
const pair = (path: Path, module: string): Name[] => [
  [`${path}/conv`, `${module}.0`],
  [`${path}/norm`, `${module}.1`],
];

/** A squeeze-and-excite, whose dense layers are convolutions there. */
const squeeze = (path: Path, module: string): Name[] => [
  [`${path}/gate/squeeze`, `${module}.fc1`],
  [`${path}/gate/excite`, `${module}.fc2`],
];

/** MobileNetV2's last convolution and normalization, which are not in a chain of their own. */
const unpaired = (path: Path, chain: string, place: number): Name[] => [
  [`${path}/conv`, `${chain}.${place}`],
  [`${path}/norm`, `${chain}.${place + 1}`],
];

/** The parts of a block: those that it has are numbered. */
function blockNames(child: Child, path: Path, module: string, chain: "conv" | "block"): Name[] {
  const body = child.declaration.children!.find(({ name }) => name === "body")!;
  const parts = body.declaration.children!.map(({ name }) => name).filter((name) =>
    name !== "drop"
  );
  return parts.flatMap((part, i) => {
    const [ours, theirs] = [`${path}/body/${part}`, `${module}.${chain}`];
    if (part === "squeeze") return squeeze(ours, `${theirs}.${i}`);
    const isLast = part === "project" && chain === "conv";
    return isLast ? unpaired(ours, theirs, i) : pair(ours, `${theirs}.${i}`);
  });
}

/**
 * Torchvision's names for a network of inverted residuals: its convolutions, blocks and stages of
 * blocks are numbered.
 *
 * @param network the network, as errors call it
 * @param build makes it; called when the first name is asked for
 * @param chain what torchvision calls the parts of a block
 * @param dense torchvision's names of the dense layers
 */
function invertedResidualNames(
  network: string,
  build: () => Layer,
  chain: "conv" | "block",
  dense: Readonly<Record<Path, string>>,
): TorchLayout {
  const names = (): Name[] => {
    const { children } = build().declare([224, 224, 3]);
    return children!.filter(({ name }) => /^(?:first|last|block|stage)/.test(name))
      .flatMap((child, i) => {
        const module = `features.${i}`;
        if (child.name.startsWith("block")) return blockNames(child, child.name, module, chain);
        if (!child.name.startsWith("stage")) return pair(child.name, module);
        return child.declaration.children!.flatMap((inner, j) =>
          blockNames(inner, `${child.name}/${inner.name}`, `${module}.${j}`, chain)
        );
      });
  };
  return namesByList(network, () => [...names(), ...Object.entries(dense)], {
    isConv: (layer) => layer.includes("/squeeze/gate/"),
  });
}

/** Torchvision's names for `mobilenet-v2`: `features.1.conv.0.0`, `classifier.1`. */
export const torchvisionMobileNetV2 = invertedResidualNames(
  "torchvision's MobileNetV2",
  mobilenetV2,
  "conv",
  {
    logits: "classifier.1",
  },
);

/**
 * Torchvision's names for a MobileNetV3: `features.1.block.0.0`, `classifier.3`.
 *
 * @param size that of the network
 */
export function torchvisionMobileNetV3(size: "large" | "small"): TorchLayout {
  return invertedResidualNames("torchvision's MobileNetV3", () => mobilenetV3({ size }), "block", {
    hidden: "classifier.0",
    logits: "classifier.3",
  });
}

/** Torchvision's names for `efficientnet-b0`: `features.1.0.block.0.0`, `classifier.1`. */
export const torchvisionEfficientNet = invertedResidualNames(
  "torchvision's EfficientNet",
  efficientnet,
  "block",
  {
    logits: "classifier.1",
  },
);
