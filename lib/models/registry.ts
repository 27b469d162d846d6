// The models by name, as on the command line.
import type { Layer } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import { unknownName } from "../text/nearest.ts";
import { alexnet } from "./alexnet.ts";
import { chapterMnist } from "./chapter_mnist.ts";
import { cifarResnet, plain } from "./cifar_resnet.ts";
import { compactConvnet } from "./compact_convnet.ts";
import { convnext } from "./convnext.ts";
import { densenet } from "./densenet.ts";
import { efficientnet } from "./efficientnet.ts";
import { googlenet } from "./googlenet.ts";
import { inceptionV3 } from "./inception_v3.ts";
import { lenet5 } from "./lenet.ts";
import { lenet5Of1998 } from "./lenet5_1998.ts";
import { mobilenetV1 } from "./mobilenet_v1.ts";
import { mobilenetV2 } from "./mobilenet_v2.ts";
import { mobilenetV3 } from "./mobilenet_v3.ts";
import { resnet } from "./resnet.ts";
import { shufflenetV2 } from "./shufflenet_v2.ts";
import { squeezenet } from "./squeezenet.ts";
import { vgg } from "./vgg.ts";
import { zfnet } from "./zfnet.ts";

/** Options of every model of the registry. */
export type ModelOptions = {
  /** Number of classes. Default: the model's own. */
  readonly numClasses?: number;
  /** Whether there are auxiliary heads for training, if the architecture has them. Default: `false`. */
  readonly auxiliary?: boolean;
};

/** A model by name. */
export type ModelEntry = {
  /** One line of what it is. */
  readonly about: string;
  /** Shape of one input that it was made for, without the batch. */
  readonly inputShape: Shape;
  /** Builds it. */
  readonly build: (options?: ModelOptions) => Layer;
};

/** A network made for ImageNet. */
function imagenet(about: string, build: ModelEntry["build"], size = 224): ModelEntry {
  return { about, inputShape: [size, size, 3], build };
}

/** The networks of an architecture by their depths. */
function byDepth<D extends number>(
  depths: readonly D[],
  name: (depth: D) => string,
  entry: (depth: D) => ModelEntry,
): Readonly<Record<string, ModelEntry>> {
  return Object.fromEntries(depths.map((depth) => [name(depth), entry(depth)]));
}

const VGG_DEPTHS = [11, 13, 16, 19] as const;
const CIFAR_DEPTHS = [20, 32, 44, 56, 110];

/** All models, by name. */
export const models: Readonly<Record<string, ModelEntry>> = {
  "lenet5": {
    about: "LeNet-5 as the chapter draws it (LeCun et al. 1998, §12.7.1)",
    inputShape: [28, 28, 1],
    build: lenet5,
  },
  "lenet5-relu": {
    about: "LeNet-5 with ReLUs, for the backward rules of §12.9.3",
    inputShape: [28, 28, 1],
    build: (options) => lenet5({ ...options, activation: "relu" }),
  },
  "lenet5-1998": {
    about: "LeNet-5 as in its paper: sub-sampling that learns, fixed codes (LeCun et al. 1998)",
    inputShape: [28, 28, 1],
    build: lenet5Of1998,
  },
  "compact": {
    about: "three batch-normalized convolutions, for small pictures and little time",
    inputShape: [28, 28, 1],
    build: compactConvnet,
  },
  "chapter-mnist": {
    about: "the chapter's MNIST network (§12.10)",
    inputShape: [28, 28, 1],
    build: chapterMnist,
  },
  "alexnet": imagenet(
    "AlexNet in the two groups of the paper (Krizhevsky et al. 2012, §12.7.2)",
    alexnet,
    227,
  ),
  "alexnet-ungrouped": imagenet(
    "AlexNet without groups (§12.7.2)",
    (options) => alexnet({ ...options, variant: "ungrouped" }),
    227,
  ),
  "alexnet-torchvision": imagenet(
    "AlexNet as torchvision has it",
    (options) => alexnet({ ...options, variant: "torchvision" }),
  ),
  "zfnet": imagenet("ZFNet of Figure 12.17 (Zeiler and Fergus 2013, §12.7.3)", zfnet),
  "zfnet-wide": imagenet(
    "ZFNet with 512, 1024 and 512 filters (§12.7.3)",
    (options) => zfnet({ ...options, variant: "wide" }),
  ),
  ...byDepth(VGG_DEPTHS, (depth) => `vgg${depth}`, (depth) =>
    imagenet(
      `VGG of ${depth} layers (Simonyan and Zisserman 2014, §12.7.4)`,
      (options) => vgg({ ...options, depth }),
    )),
  ...byDepth(VGG_DEPTHS, (depth) => `vgg${depth}-bn`, (depth) =>
    imagenet(
      `VGG of ${depth} layers, batch-normalized (Simonyan and Zisserman 2014, §12.7.4)`,
      (options) => vgg({ ...options, depth, batchNorm: true }),
    )),
  "squeezenet": imagenet("SqueezeNet 1.0 (Iandola et al. 2016)", squeezenet),
  "squeezenet1-1": imagenet(
    "SqueezeNet 1.1, with 2.4 times less computation (Iandola et al. 2016)",
    (options) => squeezenet({ ...options, version: "1.1" }),
  ),
  "googlenet": imagenet("GoogLeNet (Szegedy et al. 2014, §12.7.5)", googlenet),
  "googlenet-torchvision": imagenet(
    "torchvision's GoogLeNet: batch-normalized, 3 × 3 for 5 × 5 (§12.7.5)",
    (options) => googlenet({ ...options, variant: "torchvision" }),
  ),
  "inception-v3": imagenet("Inception v3 (Szegedy et al. 2015, §12.7.5)", inceptionV3, 299),
  ...byDepth([18, 34, 50, 101, 152] as const, (depth) => `resnet${depth}`, (depth) =>
    imagenet(
      `the ImageNet ResNet of ${depth} layers (He et al. 2015, §12.7.6)`,
      (options) => resnet({ ...options, depth }),
    )),
  "resnext50": imagenet(
    "ResNeXt of 50 layers, 32 groups of width 4 (Xie et al. 2017)",
    (options) => resnet({ ...options, depth: 50, groups: 32, groupWidth: 4 }),
  ),
  "wide-resnet50": imagenet(
    "the wide ResNet of 50 layers, twice as wide (Zagoruyko and Komodakis 2016)",
    (options) => resnet({ ...options, depth: 50, groupWidth: 128 }),
  ),
  "densenet121": imagenet("DenseNet of 121 layers (Huang et al. 2017)", densenet),
  "mobilenet-v1": imagenet("MobileNet (Howard et al. 2017)", mobilenetV1),
  "mobilenet-v2": imagenet("MobileNetV2 (Sandler et al. 2018)", mobilenetV2),
  "mobilenet-v3-small": imagenet(
    "the small MobileNetV3 (Howard et al. 2019)",
    (options) => mobilenetV3({ ...options, size: "small" }),
  ),
  "mobilenet-v3-large": imagenet("the large MobileNetV3 (Howard et al. 2019)", mobilenetV3),
  "shufflenet-v2": imagenet("ShuffleNet V2 (Ma et al. 2018)", shufflenetV2),
  "efficientnet-b0": imagenet("EfficientNet-B0 (Tan and Le 2019)", efficientnet),
  "convnext-tiny": imagenet("ConvNeXt-T (Liu et al. 2022)", convnext),
  ...byDepth(CIFAR_DEPTHS, (depth) => `resnet${depth}`, (depth) => ({
    about: `the CIFAR ResNet of ${depth} layers (He et al. 2015, §12.7.6)`,
    inputShape: [32, 32, 3],
    build: (options) => cifarResnet({ ...options, depth }),
  })),
  ...byDepth(CIFAR_DEPTHS, (depth) => `plain${depth}`, (depth) => ({
    about: `the CIFAR plain network of ${depth} layers (He et al. 2015, §12.7.6)`,
    inputShape: [32, 32, 3],
    build: (options) => plain({ ...options, depth }),
  })),
};

/**
 * The model of a name.
 *
 * @param name a key of {@linkcode models}
 * @returns its input shape and builder
 * @throws {RangeError} if there is none; the error names the nearest
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findModel } from "@neocog/neocog";
 *
 * assertEquals(findModel("lenet5").build().declare([28, 28, 1]).shape, [10]);
 * ```
 */
export function findModel(name: string): ModelEntry {
  const entry = Object.hasOwn(models, name) ? models[name] : undefined;
  if (!entry) {
    throw new RangeError(
      `Cannot find a model: its name must be known: ${
        unknownName("model", name, Object.keys(models))
      }`,
    );
  }
  return entry;
}
