"""ResNet-20 from scratch on the CIFAR-10 sample in ../shared/data, by PyTorch, with the recipe of

deno task train --model resnet20 --dataset cifar10 --data-dir ../shared/data/cifar10 --epochs 8 \
  --optimizer sgd --learning-rate 0.1 --weight-decay 1e-4 --augment crop:4,flip

python tests/zoo/cifar_recipe.py ../shared/data/cifar10 EPOCHS SEED
"""

import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

folder, epochs, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.manual_seed(seed)


def read(name):
    rows = np.fromfile(f"{folder}/{name}", np.uint8).reshape(-1, 3073)
    images = torch.tensor(rows[:, 1:].reshape(-1, 3, 32, 32)).float() / 255
    return images, torch.tensor(rows[:, 0]).long()


class Block(nn.Module):
    def __init__(self, inputs, features, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, features, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(features)
        self.stride, self.more = stride, features - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        x = x[:, :, :: self.stride, :: self.stride]
        return F.relu(y + F.pad(x, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2)))


class ResNet20(nn.Sequential):
    def __init__(self):
        blocks, inputs = [], 16
        for features in (16, 32, 64):
            for i in range(3):
                blocks.append(Block(inputs, features, 2 if features > 16 and i == 0 else 1))
                inputs = features
        super().__init__(
            nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_in")


def augmented(x):
    """A crop of the image padded by 4, and a flip, each image its own."""
    n = len(x)
    padded = F.pad(x, (4, 4, 4, 4))
    tops, lefts = torch.randint(0, 9, (n,)), torch.randint(0, 9, (n,))
    rows = tops[:, None] + torch.arange(32)
    columns = lefts[:, None] + torch.arange(32)
    columns = torch.where(torch.rand(n, 1) < 0.5, columns.flip(1), columns)
    return padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def rate(step, steps, top=0.1, warm=0.25, divisor=25, last=1e5):
    """neocog's oneCycle: up along half a cosine, then down along another."""
    if step < warm * steps:
        share = (1 - math.cos(math.pi * step / (warm * steps))) / 2
        return top * (1 / divisor + (1 - 1 / divisor) * share)
    share = (1 - math.cos(math.pi * (step - warm * steps) / ((1 - warm) * steps))) / 2
    return top * (1 + (1 / last - 1) * share)


images, labels = read("data_batch_1.bin")
test_images, test_labels = read("test_batch.bin")
model = ResNet20()
print("parameters", sum(p.numel() for p in model.parameters()))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
per_epoch = math.ceil(len(images) / 128)
began = time.time()
for epoch in range(epochs):
    model.train()
    order = torch.randperm(len(images))
    for i in range(per_epoch):
        at = order[128 * i : 128 * (i + 1)]
        for group in optimizer.param_groups:
            group["lr"] = rate(epoch * per_epoch + i, epochs * per_epoch)
        loss = F.cross_entropy(model(augmented(images[at])), labels[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        right = sum((model(test_images[i : i + 500]).argmax(1) == test_labels[i : i + 500]).sum().item() for i in range(0, len(test_images), 500))
    print(epoch + 1, f"loss {loss.item():.3f} accuracy {right / len(test_images):.4f} {time.time() - began:.0f} s", flush=True)
