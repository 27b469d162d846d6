"""PyTorch on the CPU, all cores, channels last, which is the faster of its layouts there."""

import torch
from torch import nn

from beginning import first_batch, first_parameters

VERSION = f"torch {torch.__version__}"


class Residual(nn.Module):
    """Adds what went in: every second pixel of it, with channels of zeros, where sizes differ."""

    def __init__(self, body, stride):
        super().__init__()
        self.body = body
        self.stride = stride

    def forward(self, x):
        y = self.body(x)
        if self.stride > 1 or y.shape[1] != x.shape[1]:
            x = x[:, :, :: self.stride, :: self.stride]
            missing = y.shape[1] - x.shape[1]
            x = nn.functional.pad(x, (0, 0, 0, 0, missing // 2, missing - missing // 2))
        return y + x


def build(network):
    parameters = iter(first_parameters(network))

    def filled(layer, held):
        with torch.no_grad():
            for name, values in held.items():
                getattr(layer, name).copy_(torch.from_numpy(values))
        return layer

    def make(layer, channels):
        """A module, and the channels after it."""
        op = layer["op"]
        if op == "pad":
            return nn.ZeroPad2d(layer["pixels"]), channels
        if op == "conv":
            features = layer["features"]
            conv = nn.Conv2d(channels, features, layer["size"], layer["stride"], layer["padding"],
                             bias=layer["bias"])
            return filled(conv, next(parameters)), features
        if op == "batchNorm":
            return filled(nn.BatchNorm2d(channels), next(parameters)), channels
        if op == "dense":
            held = next(parameters)
            return filled(nn.Linear(*held["weight"].shape[::-1]), held), layer["features"]
        if op == "globalMeanPool":
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels
        if op == "residual":
            body, features = chain(layer["body"], channels)
            return Residual(body, layer["stride"]), features
        plain = {"tanh": nn.Tanh, "relu": nn.ReLU, "flatten": nn.Flatten}
        if op == "maxPool":
            return nn.MaxPool2d(2), channels
        if op == "dropout":
            return nn.Dropout(layer["rate"]), channels
        return plain[op](), channels

    def chain(layers, channels):
        modules = []
        for layer in layers:
            module, channels = make(layer, channels)
            modules.append(module)
        return nn.Sequential(*modules), channels

    model, _ = chain(network["layers"], network["inputShape"][2])
    return model.to(memory_format=torch.channels_last)


def inputs(network, count):
    images, labels = first_batch(network, count)
    x = torch.from_numpy(images).to(memory_format=torch.channels_last)
    return x, torch.from_numpy(labels)


def trainer(model, optimizer, x, labels):
    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def prepare(network, count, training):
    model = build(network)
    x, labels = inputs(network, count)
    if not training:
        model.eval()

        def infer(times):
            with torch.inference_mode():
                for _ in range(times):
                    logits = model(x)
            return logits[0].tolist()

        return infer
    model.train()
    rate = network["learningRate"]
    optimizer = (torch.optim.Adam(model.parameters(), lr=rate) if network["optimizer"] == "adam"
                 else torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9))
    step = trainer(model, optimizer, x, labels)

    def run(times):
        for _ in range(times):
            loss = step()
        return [loss.item()]

    return run


# neocog's models by torchvision's names.
ZOO = {
    "squeezenet": "squeezenet1_0",
    "mobilenet-v2": "mobilenet_v2",
    "shufflenet-v2": "shufflenet_v2_x1_0",
    "efficientnet-b0": "efficientnet_b0",
    "googlenet-torchvision": "googlenet",
    "alexnet-torchvision": "alexnet",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "vgg11": "vgg11",
    "vgg16": "vgg16",
    "vgg19": "vgg19",
    "inception-v3": "inception_v3",
}


def mobilenet_v1():
    """Howard et al. (2017), Table 1, which torchvision lacks."""

    def conv(channels, features, size, stride, groups=1):
        return [nn.Conv2d(channels, features, size, stride, size // 2, groups=groups, bias=False),
                nn.BatchNorm2d(features), nn.ReLU()]

    widths = [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    strides = [1, 2, 1, 2, 1, 2, *[1] * 5, 2, 1]
    modules, channels = conv(3, 32, 3, 2), 32
    for features, stride in zip(widths, strides):
        modules += conv(channels, channels, 3, stride, channels) + conv(channels, features, 1, 1)
        channels = features
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))


def zoo_model(name):
    """A network with its first weights, and the side of its images."""
    import torchvision

    torch.manual_seed(0)
    if name == "mobilenet-v1":
        return mobilenet_v1(), 224
    known = ZOO[name]
    own = {"aux_logits": False, "init_weights": False} if known in ("googlenet", "inception_v3") else {}
    model = torchvision.models.get_model(known, weights=None, **own)
    return model, 299 if known == "inception_v3" else 224


def zoo(name):
    """A forward pass, and a training step with Adam, of one image."""
    model, side = zoo_model(name)
    model = model.to(memory_format=torch.channels_last)
    x = torch.rand(1, 3, side, side).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    step = trainer(model, optimizer, x, torch.tensor([1]))

    def forward():
        model.eval()
        with torch.inference_mode():
            return model(x)

    def train():
        model.train()
        return step()

    return forward, train
