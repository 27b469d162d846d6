"""Answers what PyTorch's network answers with the weights of a file, for round_trip.ts.

    python tests/zoo/round_trip.py NETWORK WEIGHTS.safetensors SIZE CLASSES

The weights must be all of the network's and no others (strict=True); the image is golden.py's.
Prints the outputs as a JSON list.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from golden import hashed  # noqa: E402


class Block(nn.Module):
    """A block of He et al. 2015 with option A, by the names of akamaster/pytorch_resnet_cifar10."""

    def __init__(self, channels, features, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, features, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(features)
        self.stride, self.zeros = stride, (features - channels) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.zeros, self.zeros))
        return F.relu(y + x)


class CifarResnet(nn.Module):
    def __init__(self, blocks, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        channels = 16
        for stage, features in enumerate((16, 32, 64), 1):
            layers = [
                Block(channels if i == 0 else features, features, 2 if stage > 1 and i == 0 else 1)
                for i in range(blocks)
            ]
            setattr(self, f"layer{stage}", nn.Sequential(*layers))
            channels = features
        self.linear = nn.Linear(64, num_classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def build(name, classes):
    if name.startswith("cifar_resnet"):
        return CifarResnet((int(name.removeprefix("cifar_resnet")) - 2) // 6, classes)
    heads = {"aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    init = {"init_weights": False} if heads else {}
    return getattr(torchvision.models, name)(weights=None, num_classes=classes, **heads, **init)


def main(name, file, size, classes):
    model = build(name, classes)
    model.load_state_dict(load_file(file), strict=True)
    image = hashed("image", size * size * 3).astype(np.float32).reshape(1, size, size, 3)
    with torch.no_grad():
        outputs = model.eval()(torch.from_numpy(image).permute(0, 3, 1, 2))
    print(json.dumps(outputs[0].tolist()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
