"""Writes attribution.json: maps of SqueezeNet on chelsea by PyTorch and hooks.

    /tmp/venv/bin/pip install torch torchvision pillow numpy
    /tmp/venv/bin/python tests/golden/attribution.py

Weights and photo are those of ../shared/data, of which nothing is copied. Of each gradient of
227 × 227 × 3 there are its norm, the means over the cells of a grid of 8 × 8, and the numbers at
256 places drawn by lot. Made with torch 2.15, torchvision 0.29.
"""

import json
import pathlib
import random

import numpy
import torch
import torchvision
from PIL import Image
from safetensors.numpy import load_file
from torch.nn.functional import interpolate

here = pathlib.Path(__file__).parent
data = here.parents[2] / "shared" / "data"
CLASS = 281  # tabby
random.seed(5)
torch.set_num_threads(1)


def network():
    model = torchvision.models.squeezenet1_0(num_classes=1000)
    tensors = load_file(data / "squeezenet1_0-imagenet.safetensors")
    model.load_state_dict({key: torch.from_numpy(value) for key, value in tensors.items()})
    for module in model.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    return model.eval()


def photo(name):
    pixels = numpy.asarray(Image.open(data / "photos" / f"{name}.png").convert("RGB"), numpy.float32)
    top, left = round((pixels.shape[0] - 227) / 2), round((pixels.shape[1] - 227) / 2)
    cut = pixels[top : top + 227, left : left + 227] - numpy.array([123, 117, 104], numpy.float32)
    return torch.from_numpy(cut).permute(2, 0, 1)[None]


def gradient(model, x, rule, score):
    def hook(module, grad_in, grad_out):
        if rule == "deconvnet":
            return (grad_out[0].clamp(min=0),)
        return (grad_in[0].clamp(min=0),)

    relus = [module for module in model.modules() if isinstance(module, torch.nn.ReLU)]
    hooks = [] if rule == "backprop" else [m.register_full_backward_hook(hook) for m in relus]
    x = x.clone().requires_grad_()
    score(x).backward()
    for handle in hooks:
        handle.remove()
    return x.grad[0].permute(1, 2, 0)  # [H, W, C]


def grad_cam(model, x, layer):
    kept = {}

    def hook(module, inputs, output):
        kept["maps"] = output
        output.retain_grad()

    handle = layer.register_forward_hook(hook)
    model(x)[0, CLASS].backward()
    handle.remove()
    maps = kept["maps"]
    weights = maps.grad.mean((2, 3), keepdim=True)
    coarse = (weights * maps).sum(1, keepdim=True).clamp(min=0)
    fine = interpolate(coarse, size=x.shape[2:], mode="bilinear", align_corners=False)
    return fine.detach()[0].permute(1, 2, 0)  # [H, W, 1]


def numbers(values):
    return " ".join(f"{value:.6g}" for value in values)


def summary(name, values):
    height, width, channels = values.shape
    edges = [round(i * height / 8) for i in range(9)]
    cells = [
        values[edges[i] : edges[i + 1], edges[j] : edges[j + 1], c].mean().item()
        for i in range(8)
        for j in range(8)
        for c in range(channels)
    ]
    places = [random.randrange(values.numel()) for _ in range(256)]
    flat = values.flatten()
    return {
        "name": name,
        "norm": float(f"{values.norm().item():.7g}"),
        "edges": edges,
        "cells": numbers(cells),
        "places": " ".join(map(str, places)),
        "values": numbers(flat[place].item() for place in places),
    }


model = network()
x = photo("chelsea")
rules = ["backprop", "deconvnet", "guided"]
maps = [
    summary(f"{rule} of class", gradient(model, x, rule, lambda x: model(x)[0, CLASS]))
    for rule in rules
]
# The strongest neurons of two layers; the class's own signal dies out under deconvnet.
neurons = []
for name, index in [("fire4", 5), ("fire6", 8)]:
    part = model.features[: index + 1]
    output = part(x)[0].detach()
    channel, row, column = numpy.unravel_index(output.argmax().item(), output.shape)
    neuron = {"layer": name, "channel": int(channel), "at": [int(row), int(column)]}
    neurons.append(neuron | {"score": float(f"{output.max().item():.7g}")})
    for rule in rules:
        answer = lambda x: part(x)[0, channel, row, column]
        maps.append(summary(f"{rule} of {name}", gradient(part, x, rule, answer)))
maps += [
    summary("grad-cam of fire9", grad_cam(model, x, model.features[12])),
    summary("grad-cam of relu10", grad_cam(model, x, model.classifier[2])),
]
score = model(x)[0, CLASS].item()
file = {"class": CLASS, "score": float(f"{score:.7g}"), "neurons": neurons, "maps": maps}
(here / "attribution.json").write_text(json.dumps(file, indent=2) + "\n")
