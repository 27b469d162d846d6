// Which names PyTorch's implementations have for the registry's models.
import type { TorchLayout } from "./torch_layout.ts";
import {
  timmVgg,
  torchvisionAlexnet,
  torchvisionSqueezeNet,
  torchvisionVgg,
} from "./torch_names/by_number.ts";
import {
  akamasterResnet,
  torchvisionConvNext,
  torchvisionDenseNet,
  torchvisionGoogLeNet,
  torchvisionInception,
  torchvisionResnet,
  torchvisionShuffleNet,
} from "./torch_names/by_patterns.ts";
import {
  torchvisionEfficientNet,
  torchvisionMobileNetV2,
  torchvisionMobileNetV3,
} from "./torch_names/inverted_residuals.ts";

// timm has the same names.
const imagenetResnet = [torchvisionResnet];
const cifarResnet = [akamasterResnet];

function vggLayouts(depth: 11 | 13 | 16 | 19, batchNorm: boolean): readonly TorchLayout[] {
  return [torchvisionVgg({ depth, batchNorm }), timmVgg({ depth, batchNorm })];
}

/** PyTorch's names by the model's name in {@linkcode models}, the commonest first. */
export const torchLayouts: Readonly<Record<string, readonly TorchLayout[]>> = {
  "alexnet-torchvision": [torchvisionAlexnet],
  "vgg11": vggLayouts(11, false),
  "vgg13": vggLayouts(13, false),
  "vgg16": vggLayouts(16, false),
  "vgg19": vggLayouts(19, false),
  "vgg11-bn": vggLayouts(11, true),
  "vgg13-bn": vggLayouts(13, true),
  "vgg16-bn": vggLayouts(16, true),
  "vgg19-bn": vggLayouts(19, true),
  "squeezenet": [torchvisionSqueezeNet({})],
  "squeezenet1-1": [torchvisionSqueezeNet({ version: "1.1" })],
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
  "mobilenet-v3-small": [torchvisionMobileNetV3("small")],
  "mobilenet-v3-large": [torchvisionMobileNetV3("large")],
  "shufflenet-v2": [torchvisionShuffleNet],
  "efficientnet-b0": [torchvisionEfficientNet],
  "convnext-tiny": [torchvisionConvNext],
  "resnet20": cifarResnet,
  "resnet32": cifarResnet,
  "resnet44": cifarResnet,
  "resnet56": cifarResnet,
  "resnet110": cifarResnet,
};
