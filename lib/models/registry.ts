// The models by the names the command line knows them by.
import type { Layer } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import { unknownName } from "../text/nearest.ts";
import { alexnet, alexnetTorchvision, alexnetUngrouped } from "./alexnet.ts";
import { chapterMnist } from "./chapter_mnist.ts";
import {
  plain110,
  plain20,
  plain32,
  plain44,
  plain56,
  resnet110,
  resnet20,
  resnet32,
  resnet44,
  resnet56,
} from "./cifar_resnets.ts";
import { compactConvnet } from "./compact_convnet.ts";
import { googlenet, googlenetTorchvision } from "./googlenet.ts";
import { inceptionV3 } from "./inception_v3.ts";
import { lenet5 } from "./lenet.ts";
import { lenet5Of1998 } from "./lenet5_1998.ts";
import { resnet101, resnet152, resnet18, resnet34, resnet50 } from "./resnets.ts";
import { squeezenet } from "./squeezenet.ts";
import { vgg11, vgg11Bn, vgg13, vgg13Bn, vgg16, vgg16Bn, vgg19, vgg19Bn } from "./vggs.ts";
import { zfnet, zfnetWide } from "./zfnet.ts";

/** What every model of the registry can be told. */
export type ModelOptions = {
  /** Number of classes. Default: the model's own. */
  readonly numClasses?: number;
  /** Whether there are auxiliary heads for training, where the network has such. Default: `false`. */
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

/** A network of Figure 12.21 (§12.7.6). */
function cifarEntry(what: string, build: ModelEntry["build"]): ModelEntry {
  return {
    about: `the CIFAR ${what} (He et al. 2015, §12.7.6)`,
    inputShape: [32, 32, 3],
    build,
  };
}

/** A network made for ImageNet. */
function imagenetEntry(about: string, build: ModelEntry["build"], size = 224): ModelEntry {
  return { about, inputShape: [size, size, 3], build };
}

/** A network of §12.7.4. */
function vggEntry(what: string, build: ModelEntry["build"]): ModelEntry {
  return imagenetEntry(`${what} (Simonyan and Zisserman 2014, §12.7.4)`, build);
}

/** A network of He et al.'s Table 1 (§12.7.6). */
function resnetEntry(depth: number, build: ModelEntry["build"]): ModelEntry {
  return imagenetEntry(`the ImageNet ResNet of ${depth} layers (He et al. 2015, §12.7.6)`, build);
}

/** All models, by name. */
export const models: Readonly<Record<string, ModelEntry>> = {
  "lenet5": {
    about: "LeNet-5 as the chapter draws it (LeCun et al. 1998, §12.7.1)",
    inputShape: [28, 28, 1],
    build: lenet5,
  },
  "lenet5-relu": {
    about: "LeNet-5 with ReLUs, for the ways back through them (§12.9.3)",
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
  "alexnet": imagenetEntry(
    "AlexNet in the two groups of the paper (Krizhevsky et al. 2012, §12.7.2)",
    alexnet,
    227,
  ),
  "alexnet-ungrouped": imagenetEntry("AlexNet without groups (§12.7.2)", alexnetUngrouped, 227),
  "alexnet-torchvision": imagenetEntry("AlexNet as torchvision has it", alexnetTorchvision),
  "zfnet": imagenetEntry("ZFNet of Figure 12.17 (Zeiler and Fergus 2013, §12.7.3)", zfnet),
  "zfnet-wide": imagenetEntry("ZFNet with 512, 1024 and 512 filters (§12.7.3)", zfnetWide),
  "vgg11": vggEntry("VGG of 11 layers", vgg11),
  "vgg13": vggEntry("VGG of 13 layers", vgg13),
  "vgg16": vggEntry("VGG of 16 layers", vgg16),
  "vgg19": vggEntry("VGG of 19 layers", vgg19),
  "vgg11-bn": vggEntry("VGG of 11 layers, batch-normalized", vgg11Bn),
  "vgg13-bn": vggEntry("VGG of 13 layers, batch-normalized", vgg13Bn),
  "vgg16-bn": vggEntry("VGG of 16 layers, batch-normalized", vgg16Bn),
  "vgg19-bn": vggEntry("VGG of 19 layers, batch-normalized", vgg19Bn),
  "squeezenet": imagenetEntry("SqueezeNet 1.0 (Iandola et al. 2016)", squeezenet),
  "googlenet": imagenetEntry("GoogLeNet (Szegedy et al. 2014, §12.7.5)", googlenet),
  "googlenet-torchvision": imagenetEntry(
    "torchvision's GoogLeNet: batch-normalized, 3 × 3 for 5 × 5 (§12.7.5)",
    googlenetTorchvision,
  ),
  "inception-v3": imagenetEntry("Inception v3 (Szegedy et al. 2015, §12.7.5)", inceptionV3, 299),
  "resnet18": resnetEntry(18, resnet18),
  "resnet34": resnetEntry(34, resnet34),
  "resnet50": resnetEntry(50, resnet50),
  "resnet101": resnetEntry(101, resnet101),
  "resnet152": resnetEntry(152, resnet152),
  "resnet20": cifarEntry("ResNet of 20 layers", resnet20),
  "resnet32": cifarEntry("ResNet of 32 layers", resnet32),
  "resnet44": cifarEntry("ResNet of 44 layers", resnet44),
  "resnet56": cifarEntry("ResNet of 56 layers", resnet56),
  "resnet110": cifarEntry("ResNet of 110 layers", resnet110),
  "plain20": cifarEntry("plain network of 20 layers", plain20),
  "plain32": cifarEntry("plain network of 32 layers", plain32),
  "plain44": cifarEntry("plain network of 44 layers", plain44),
  "plain56": cifarEntry("plain network of 56 layers", plain56),
  "plain110": cifarEntry("plain network of 110 layers", plain110),
};

/**
 * The model of a name.
 *
 * @param name a key of {@linkcode models}
 * @returns how to build it
 * @throws {RangeError} if there is none, with the nearest name
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
