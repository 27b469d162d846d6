// Which names PyTorch's implementations have for the registry's models.
import type { TorchLayout } from "./torch_layout.ts";
import { alexnetTorchNames } from "./torch_names/alexnet.ts";
import { torchvisionConvNext } from "./torch_names/convnext.ts";
import { torchvisionDenseNet } from "./torch_names/densenet.ts";
import { torchvisionGoogLeNet } from "./torch_names/googlenet.ts";
import { torchvisionInception } from "./torch_names/inception.ts";
import {
  mobilenetV3TorchNames,
  torchvisionEfficientNet,
  torchvisionMobileNetV2,
} from "./torch_names/mobilenet.ts";
import { akamasterResnet, torchvisionResnet } from "./torch_names/resnet.ts";
import { torchvisionShuffleNet } from "./torch_names/shufflenet.ts";
import { squeezenetTorchNames } from "./torch_names/squeezenet.ts";
import { vggTimmNames, vggTorchNames } from "./torch_names/vgg.ts";

// timm has the same names.
const imagenetResnet = [torchvisionResnet];
const cifarResnet = [akamasterResnet];

function vggLayouts(depth: 11 | 13 | 16 | 19, batchNorm: boolean): readonly TorchLayout[] {
  return [vggTorchNames({ depth, batchNorm }), vggTimmNames({ depth, batchNorm })];
}

/** PyTorch's names by the model's name in {@linkcode models}, the commonest first. */
export const torchLayouts: Readonly<Record<string, readonly TorchLayout[]>> = {
  "alexnet-torchvision": [alexnetTorchNames()],
  "vgg11": vggLayouts(11, false),
  "vgg13": vggLayouts(13, false),
  "vgg16": vggLayouts(16, false),
  "vgg19": vggLayouts(19, false),
  "vgg11-bn": vggLayouts(11, true),
  "vgg13-bn": vggLayouts(13, true),
  "vgg16-bn": vggLayouts(16, true),
  "vgg19-bn": vggLayouts(19, true),
  "squeezenet": [squeezenetTorchNames()],
  "squeezenet1-1": [squeezenetTorchNames("1.1")],
  "googlenet-torchvision": [torchvisionGoogLeNet],
  "inception-v3": [torchvisionInception],
  "resnet18": imagenetResnet,
  "resnet34": imagenetResnet,
  "resnet50": imagenetResnet,
  "resnet101": imagenetResnet,
  "resnet152": imagenetResnet,
  "resnext50": imagenetResnet,
  "wide-resnet50": imagenetResnet,
  "densenet121": [torchvisionDenseNet],
  "mobilenet-v2": [torchvisionMobileNetV2],
  "mobilenet-v3-small": [mobilenetV3TorchNames("small")],
  "mobilenet-v3-large": [mobilenetV3TorchNames("large")],
  "shufflenet-v2": [torchvisionShuffleNet],
  "efficientnet-b0": [torchvisionEfficientNet],
  "convnext-tiny": [torchvisionConvNext],
  "resnet20": cifarResnet,
  "resnet32": cifarResnet,
  "resnet44": cifarResnet,
  "resnet56": cifarResnet,
  "resnet110": cifarResnet,
};
