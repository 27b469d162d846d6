// All models of the registry in numbers: the one table that tests read.
import type { TorchvisionModel } from "../golden/torch_keys.ts";

/** What is known of a model at the size it was made for. */
export type ModelRow = {
  /** Trainable parameters. */
  readonly parameters: number;
  readonly classes: number;
  /** Features that the output layer takes. */
  readonly features: number;
  /** With auxiliary heads: trainable parameters, and features that all output layers take. */
  readonly auxiliary?: readonly [parameters: number, features: number, outputs: number];
  /** Torchvision's name of the same network, if torch_keys.json has its tensors. */
  readonly torchvision?: TorchvisionModel;
};

const row = (
  parameters: number,
  features: number,
  classes: number,
  more: Pick<ModelRow, "auxiliary" | "torchvision"> = {},
): ModelRow => ({ parameters, features, classes, ...more });

/** The models, by name. */
export const MODELS = {
  "lenet5": row(61706, 84, 10),
  "lenet5-relu": row(61706, 84, 10),
  "lenet5-1998": row(60000, 84, 10),
  "compact": row(29434, 576, 10),
  "chapter-mnist": row(1199882, 128, 10),
  "alexnet": row(60965224, 4096, 1000),
  "alexnet-ungrouped": row(62378344, 4096, 1000),
  "alexnet-torchvision": row(61100840, 4096, 1000, { torchvision: "alexnet" }),
  "zfnet": row(62357608, 4096, 1000),
  "zfnet-wide": row(107627624, 4096, 1000),
  "vgg11": row(132863336, 4096, 1000, { torchvision: "vgg11" }),
  "vgg13": row(133047848, 4096, 1000),
  "vgg16": row(138357544, 4096, 1000, { torchvision: "vgg16" }),
  "vgg19": row(143667240, 4096, 1000),
  "vgg11-bn": row(132868840, 4096, 1000, { torchvision: "vgg11_bn" }),
  "vgg13-bn": row(133053736, 4096, 1000),
  "vgg16-bn": row(138365992, 4096, 1000),
  "vgg19-bn": row(143678248, 4096, 1000),
  "squeezenet": row(1248424, 512, 1000, { torchvision: "squeezenet1_0" }),
  "squeezenet1-1": row(1235496, 512, 1000, { torchvision: "squeezenet1_1" }),
  "googlenet": row(6998552, 1024, 1000, { auxiliary: [13378280, 3 * 1024, 3] }),
  "googlenet-torchvision": row(6624904, 1024, 1000, {
    auxiliary: [13004888, 3 * 1024, 3],
    torchvision: "googlenet",
  }),
  "inception-v3": row(23834568, 2048, 1000, {
    auxiliary: [27161264, 2048 + 768, 2],
    torchvision: "inception_v3",
  }),
  "resnet18": row(11689512, 512, 1000, { torchvision: "resnet18" }),
  "resnet34": row(21797672, 512, 1000),
  "resnet50": row(25557032, 2048, 1000, { torchvision: "resnet50" }),
  "resnet101": row(44549160, 2048, 1000),
  "resnet152": row(60192808, 2048, 1000),
  "resnext50": row(25028904, 2048, 1000, { torchvision: "resnext50_32x4d" }),
  "wide-resnet50": row(68883240, 2048, 1000, { torchvision: "wide_resnet50_2" }),
  "densenet121": row(7978856, 1024, 1000, { torchvision: "densenet121" }),
  "mobilenet-v1": row(4231976, 1024, 1000),
  "mobilenet-v2": row(3504872, 1280, 1000, { torchvision: "mobilenet_v2" }),
  "mobilenet-v3-small": row(2542856, 1024, 1000, { torchvision: "mobilenet_v3_small" }),
  "mobilenet-v3-large": row(5483032, 1280, 1000, { torchvision: "mobilenet_v3_large" }),
  "shufflenet-v2": row(2278604, 1024, 1000, { torchvision: "shufflenet_v2_x1_0" }),
  "efficientnet-b0": row(5288548, 1280, 1000, { torchvision: "efficientnet_b0" }),
  "convnext-tiny": row(28589128, 768, 1000, { torchvision: "convnext_tiny" }),
  "resnet20": row(269722, 64, 10),
  "resnet32": row(464154, 64, 10),
  "resnet44": row(658586, 64, 10),
  "resnet56": row(853018, 64, 10),
  "resnet110": row(1727962, 64, 10),
  "plain20": row(269722, 64, 10),
  "plain32": row(464154, 64, 10),
  "plain44": row(658586, 64, 10),
  "plain56": row(853018, 64, 10),
  "plain110": row(1727962, 64, 10),
} as const satisfies Readonly<Record<string, ModelRow>>;

/** A model's name. */
export type ModelName = keyof typeof MODELS;

/** Our names of torchvision's networks, of which torch_keys.json has the tensors. */
export const BY_TORCHVISION: Readonly<Record<TorchvisionModel, ModelName>> = Object.fromEntries(
  Object.entries<ModelRow>(MODELS).flatMap(([name, { torchvision }]) =>
    torchvision ? [[torchvision, name]] : []
  ),
) as Record<TorchvisionModel, ModelName>;
