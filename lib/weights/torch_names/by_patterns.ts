// Networks whose PyTorch names follow from ours by a few patterns.
// https://github.com/pytorch/vision/tree/main/torchvision/models: convnext.py, densenet.py,
// googlenet.py, inception.py, resnet.py (timm names ResNet's layers alike), shufflenetv2.py
// https://github.com/akamaster/pytorch_resnet_cifar10/blob/master/resnet.py
import type { Path } from "../../tensor/tree.ts";
import { type TorchLayout, unknownLayer } from "../torch_layout.ts";

/** A pattern of our layers' paths, and the module of what it matches. */
type NamePattern = readonly [RegExp, (...groups: string[]) => string];

/**
 * PyTorch's names by patterns, of which the first that matches counts.
 *
 * @param network whose names they are, `"torchvision's DenseNet"`
 * @param patterns patterns of whole paths; the functions take what their parentheses match
 * @param options further parts of the layout
 */
function namesByPatterns(
  network: string,
  patterns: readonly NamePattern[],
  options: Pick<TorchLayout, "isDense"> = {},
): TorchLayout {
  return {
    name: network.slice(0, network.indexOf("'")),
    module(layer: Path): string {
      for (const [pattern, name] of patterns) {
        const match = pattern.exec(layer);
        if (match?.[0] === layer) return name(...match.slice(1));
      }
      throw unknownLayer(network, layer);
    },
    ...options,
  };
}

/** What PyTorch calls the convolution or normalization of a unit. */
const PARTS: Readonly<Record<string, string>> = { conv: "conv", norm: "bn" };

/** The place of a convolution or normalization after a place in a chain. */
const placeOf = (kind: string, conv = 0): number => kind === "norm" ? conv + 1 : conv;

/** A ResNet's names; the body's layers are numbered, the shortcut's are not. */
function residualNames(network: string, classifier: string): TorchLayout {
  const block = (stage: string, number: string): string => `layer${stage}.${Number(number) - 1}`;
  return namesByPatterns(network, [
    [/(conv|norm)1/, (kind) => `${PARTS[kind]}1`],
    [
      /stage(\d)\/block(\d+)\/(?:sum\/)?body\/(conv|norm)(\d)/,
      (stage, number, kind, digit) => `${block(stage, number)}.${PARTS[kind]}${digit}`,
    ],
    [
      /stage(\d)\/block(\d+)\/(?:sum\/)?shortcut\/(conv|norm)/,
      (stage, number, kind) => `${block(stage, number)}.downsample.${placeOf(kind)}`,
    ],
    [/logits/, () => classifier],
  ]);
}

/** Torchvision's names for `resnet18` to `resnet152`: `layer1.0.conv1`, `fc`. */
export const torchvisionResnet: TorchLayout = residualNames("torchvision's ResNet", "fc");

/** Akamaster's names for `resnet20` to `resnet110`, without weights in the shortcuts: `linear`. */
export const akamasterResnet: TorchLayout = residualNames("akamaster's ResNet", "linear");

/** Torchvision's names for `densenet121`: `features.denseblock1.denselayer1.conv1`, `classifier`. */
export const torchvisionDenseNet: TorchLayout = namesByPatterns("torchvision's DenseNet", [
  [/(conv|norm)1/, (kind) => `features.${kind}0`],
  [
    /block(\d)\/layer(\d+)\/added\/(\w+)/,
    (block, layer, name) => `features.denseblock${block}.denselayer${layer}.${name}`,
  ],
  [/transition(\d)\/(\w+)/, (block, name) => `features.transition${block}.${name}`],
  [/norm5/, () => "features.norm5"],
  [/logits/, () => "classifier"],
]);

/** Places of a block's layers in ConvNeXt's chain. */
const IN_BLOCK: Readonly<Record<string, number>> = { depthwise: 0, norm: 2, expand: 3, project: 5 };

/** Torchvision's names for `convnext-tiny`: `features.1.0.block.0`, `classifier.2`. */
export const torchvisionConvNext: TorchLayout = namesByPatterns("torchvision's ConvNeXt", [
  [/(patches|norm)/, (kind) => `features.0.${placeOf(kind)}`],
  [/down(\d)\/(norm|conv)/, (i, kind) => `features.${2 * Number(i)}.${kind === "norm" ? 0 : 1}`],
  [/stage(\d)\/block(\d)\/body\/(\w+)/, (stage, block, part) => {
    const module = `features.${2 * Number(stage) - 1}.${Number(block) - 1}`;
    return part === "scale" ? module : `${module}.block.${IN_BLOCK[part]}`;
  }],
  [/headNorm/, () => "classifier.0"],
  [/logits/, () => "classifier.2"],
], { isDense: (layer) => /\/(?:expand|project)$/.test(layer) });

/** Places of the convolutions in ShuffleNet's branches; each is followed by its normalization. */
const IN_BRANCH: Readonly<Record<string, number>> = {
  "passed/depthwise": 0,
  "passed/pointwise": 2,
  "filtered/reduce": 0,
  "filtered/depthwise": 3,
  "filtered/expand": 5,
};

/** Torchvision's names for `shufflenet-v2`: `stage2.0.branch1.0`, `fc`. */
export const torchvisionShuffleNet: TorchLayout = namesByPatterns("torchvision's ShuffleNet V2", [
  [/first\/(conv|norm)/, (kind) => `conv1.${placeOf(kind)}`],
  [/last\/(conv|norm)/, (kind) => `conv5.${placeOf(kind)}`],
  [
    /stage(\d)\/unit(\d)\/join\/((passed|filtered)\/\w+)\/(conv|norm)/,
    (stage, unit, part, branch, kind) =>
      `stage${stage}.${Number(unit) - 1}.branch${branch === "passed" ? 1 : 2}.${
        placeOf(kind, IN_BRANCH[part])
      }`,
  ],
  [/logits/, () => "fc"],
]);

/** Modules of units in GoogLeNet's branches, of which the first has no chain. */
const IN_INCEPTION: Readonly<Record<string, string>> = {
  "1/main": "1",
  "2/reduce": "2.0",
  "2/main": "2.1",
  "3/reduce": "3.0",
  "3/main": "3.1",
  "4/project": "4.1",
};

/** Torchvision's names for `googlenet-torchvision`: `inception3a.branch2.0.conv`, `aux1.fc1`, `fc`. */
export const torchvisionGoogLeNet: TorchLayout = namesByPatterns("torchvision's GoogLeNet", [
  [/(conv[123])\/(conv|norm)/, (unit, kind) => `${unit}.${PARTS[kind]}`],
  [
    /inception(3[ab]|4[a-e]|5[ab])\/branch(1\/main|[23]\/reduce|[23]\/main|4\/project)\/(conv|norm)/,
    (module, unit, kind) => `inception${module}.branch${IN_INCEPTION[unit]}.${PARTS[kind]}`,
  ],
  [/(aux[12])\/head\/project\/(conv|norm)/, (head, kind) => `${head}.conv.${PARTS[kind]}`],
  [/(aux[12])\/head\/fc1/, (head) => `${head}.fc1`],
  [/(aux[12])\/head\/logits/, (head) => `${head}.fc2`],
  [/logits/, () => "fc"],
]);

/** Inception v3's units outside its modules. */
const OUTSIDE: Readonly<Record<string, string>> = {
  "conv1": "Conv2d_1a_3x3",
  "conv2": "Conv2d_2a_3x3",
  "conv3": "Conv2d_2b_3x3",
  "conv4": "Conv2d_3b_1x1",
  "conv5": "Conv2d_4a_3x3",
  "aux/head/conv1": "AuxLogits.conv0",
  "aux/head/conv2": "AuxLogits.conv1",
};

/** Torchvision's names for `inception-v3`: `Mixed_5b.branch5x5_1.conv`, `AuxLogits.conv0.conv`, `fc`. */
export const torchvisionInception: TorchLayout = namesByPatterns("torchvision's Inception v3", [
  [
    /(conv[1-5]|aux\/head\/conv[12])\/(conv|norm)/,
    (unit, kind) => `${OUTSIDE[unit]}.${PARTS[kind]}`,
  ],
  [
    /mixed([5-7][a-e])\/branchPool\/project\/(conv|norm)/,
    (module, kind) => `Mixed_${module}.branch_pool.${PARTS[kind]}`,
  ],
  // The branch, the number of a unit in it, and the letter of one of a pair, if it has them.
  [
    /mixed([5-7][a-e])\/(branch\dx\d(?:dbl|x3)?)(?:\/conv(\d)(?:\/([ab]))?)?\/(conv|norm)/,
    (module, branch, number, letter = "", kind) =>
      `Mixed_${module}.${branch}${number ? `_${number}${letter}` : ""}.${PARTS[kind]}`,
  ],
  [/aux\/head\/logits/, () => "AuxLogits.fc"],
  [/logits/, () => "fc"],
]);
