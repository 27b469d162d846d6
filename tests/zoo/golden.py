"""Writes golden.json: what torchvision's networks answer, with weights that anybody can make again.

Weights and inputs are numbers of a hash (`hashed` below; hashed.ts is the same in TypeScript), so
that none has to be kept. Run with PyTorch and torchvision:

    python tests/zoo/golden.py > tests/zoo/golden.json
"""
import json
import math

import numpy as np
import torch
import torchvision

ROUNDS = ((16, 0x7FEB352D), (15, 0x846CA68B), (16, None))


def seed_of(name):
    """FNV-1a of a name, 32 bits."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    return seed


def hashed(name, count):
    """Numbers in [-1, 1): multiples of 2^-23, the i-th a hash of the name and of i."""
    with np.errstate(over="ignore"):
        words = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed_of(name))
        for shift, factor in ROUNDS:
            words ^= words >> np.uint32(shift)
            if factor is not None:
                words *= np.uint32(factor)
    return (words >> np.uint32(8)).astype(np.float64) / 2**23 - 1


def spread_of(key, shape):
    """Middle and half width of a tensor's numbers: of filters, He's variance."""
    if key.endswith("running_var"):
        return 1.0, 0.5
    if len(shape) > 1:
        return 0.0, math.sqrt(6 / math.prod(shape[1:]))
    if key.endswith("weight"):
        return 1.0, 0.1
    return 0.0, 0.1


def fill(model):
    state = model.state_dict()
    for key, tensor in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        middle, width = spread_of(key, tensor.shape)
        values = (middle + width * hashed(key, tensor.numel())).astype(np.float32)
        state[key] = torch.from_numpy(values).reshape(tensor.shape)
    model.load_state_dict(state)
    return model.eval()


# By our name: torchvision's network, the size of its input, and some of our paths with its modules.
NETWORKS = {
    "alexnet-torchvision": ("alexnet", 224, {"pool1": "features.2", "relu5": "features.11", "relu6": "classifier.2"}),
    "vgg11-bn": ("vgg11_bn", 224, {"relu1_1": "features.2", "pool3": "features.14", "relu7": "classifier.4"}),
    "vgg16": ("vgg16", 224, {"relu1_2": "features.3", "relu3_3": "features.15", "pool5": "features.30"}),
    "googlenet-torchvision": (
        "googlenet",
        224,
        {"pool1": "maxpool1", "inception3a": "inception3a", "inception4d": "inception4d", "inception5b": "inception5b"},
    ),
    "inception-v3": (
        "inception_v3",
        299,
        {"mixed5b": "Mixed_5b", "mixed6a": "Mixed_6a", "mixed6e": "Mixed_6e", "mixed7c": "Mixed_7c"},
    ),
    "resnet18": ("resnet18", 224, {"pool1": "maxpool", "stage2/block1": "layer2.0", "stage4": "layer4"}),
    "resnet50": ("resnet50", 224, {"pool1": "maxpool", "stage1/block1": "layer1.0", "stage3": "layer3"}),
    "squeezenet1-1": ("squeezenet1_1", 224, {"pool3": "features.5", "fire9": "features.12"}),
    "resnext50": ("resnext50_32x4d", 224, {"stage1/block1": "layer1.0", "stage3": "layer3"}),
    "wide-resnet50": ("wide_resnet50_2", 224, {"stage1/block1": "layer1.0", "stage3": "layer3"}),
    "densenet121": ("densenet121", 224, {"block1": "features.denseblock1", "transition2": "features.transition2", "norm5": "features.norm5"}),
    "mobilenet-v2": ("mobilenet_v2", 224, {"block1": "features.1", "block3": "features.3", "last": "features.18"}),
    "mobilenet-v3-small": ("mobilenet_v3_small", 224, {"block1": "features.1", "block4": "features.4", "last": "features.12"}),
    "mobilenet-v3-large": ("mobilenet_v3_large", 224, {"block4": "features.4", "block7": "features.7", "last": "features.16"}),
    "shufflenet-v2": ("shufflenet_v2_x1_0", 224, {"stage2/unit1": "stage2.0", "stage2/unit2": "stage2.1", "stage4": "stage4"}),
    "efficientnet-b0": ("efficientnet_b0", 224, {"stage1": "features.1", "stage3": "features.3", "last": "features.8"}),
    "convnext-tiny": ("convnext_tiny", 224, {"norm": "features.0", "stage1/block1": "features.1.0", "stage3": "features.5"}),
    "squeezenet": ("squeezenet1_0", 224, {"pool1": "features.2", "fire4": "features.5", "fire9": "features.12"}),
}


def build(name):
    options = {"aux_logits": True, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return getattr(torchvision.models, name)(weights=None, **options)


def digest(tensor):
    """A feature map in a few numbers: shape [H, W, C], mean, root mean square, some elements."""
    maps = tensor[0].permute(1, 2, 0) if tensor.dim() == 4 else tensor[0]
    flat = maps.reshape(-1).double()
    places = [len(flat) * i // 7 for i in range(7)]
    return {
        "shape": list(maps.shape),
        "mean": float(flat.mean()),
        "rms": float(flat.square().mean().sqrt()),
        "elements": [float(flat[place]) for place in places],
    }


def case(ours, theirs, size, taps):
    model = fill(build(theirs))
    found = {}
    for path, module in taps.items():
        # Cloned, as a ReLU in place writes over what came before it.
        model.get_submodule(module).register_forward_hook(
            lambda _m, _x, y, path=path: found.__setitem__(path, digest(y.clone()))
        )
    image = hashed("image", size * size * 3).astype(np.float32).reshape(1, size, size, 3)
    with torch.no_grad():
        logits = model(torch.from_numpy(image).permute(0, 3, 1, 2))
    flat = logits[0]
    return {
        "model": ours,
        "torchvision": theirs,
        "inputShape": [size, size, 3],
        "logits": digest(logits) | {"largest": int(flat.argmax())},
        "taps": found,
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(2)
    cases = [case(ours, *network) for ours, network in NETWORKS.items()]
    print(json.dumps({"torch": torch.__version__, "torchvision": torchvision.__version__, "cases": cases}, indent=1))
