"""Writes torch_keys.json: what torchvision's networks call their tensors, and their shapes.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install torch torchvision numpy
    /tmp/venv/bin/python tests/golden/torch_keys.py

For each network the keys of its `state_dict` in torchvision's order, each with the tensor's
shape as text, "64 3 11 11"; that of `num_batches_tracked`, a scalar, is "". The networks are
made on the device "meta", which allocates nothing. Made with torchvision 0.29.
"""

import json
import pathlib

import torch
import torchvision
from torchvision import models

AUXILIARY = {"aux_logits": True, "init_weights": False}
OPTIONS = {
    "alexnet": {},
    "vgg11": {"init_weights": False},
    "vgg16": {"init_weights": False},
    "vgg11_bn": {"init_weights": False},
    "squeezenet1_0": {},
    "googlenet": AUXILIARY,
    "inception_v3": AUXILIARY,
    "resnet18": {},
    "resnet50": {},
    "squeezenet1_1": {},
    "resnext50_32x4d": {},
    "wide_resnet50_2": {},
    "densenet121": {},
    "shufflenet_v2_x1_0": {},
    "mobilenet_v2": {},
    "mobilenet_v3_small": {},
    "mobilenet_v3_large": {},
    "efficientnet_b0": {},
    "convnext_tiny": {},
}


def shapes(name, options):
    with torch.device("meta"):
        state = getattr(models, name)(weights=None, **options).state_dict()
    return {key: " ".join(map(str, tensor.shape)) for key, tensor in state.items()}


keys = {
    "torchvision": torchvision.__version__.split("+")[0],
    "models": {name: shapes(name, options) for name, options in OPTIONS.items()},
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(keys, indent=2) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
