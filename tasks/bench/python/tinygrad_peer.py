"""tinygrad on WebGPU by Dawn, the same adapter; a whole step is one function under TinyJit."""

import importlib.metadata
import importlib.util
import os
import platform
import sys


def find_dawn():
    """Says where dawn-python's library for this machine lies, and that tinygrad is to use it."""
    found = importlib.util.find_spec("pydawn")
    if found is None:
        raise ModuleNotFoundError("No module named 'pydawn'", name="pydawn (of dawn-python)")
    folder = os.path.join(found.submodule_search_locations[0], "lib")
    ending = "dylib" if sys.platform == "darwin" else "so"
    name = f"libwebgpu_dawn_{platform.machine()}.{ending}"
    os.environ["WEBGPU_PATH"] = os.path.join(folder, name if os.name == "posix" else "libwebgpu_dawn.dll")
    os.environ["DEV"] = "WEBGPU"
    if sys.platform == "linux":
        os.environ["WEBGPU_BACKEND"] = "WGPUBackendType_Vulkan"


find_dawn()

from tinygrad import Tensor, TinyJit  # noqa: E402
from tinygrad.helpers import TRAINING  # noqa: E402
from tinygrad.nn import BatchNorm2d  # noqa: E402
from tinygrad.nn.optim import SGD, Adam  # noqa: E402

from beginning import first_batch, first_parameters  # noqa: E402

VERSION = f"tinygrad {importlib.metadata.version('tinygrad')}"


def build(network):
    """The network as a function, and what is trained."""
    held = iter(first_parameters(network))
    trained = []

    def parameter(values):
        tensor = Tensor(values).contiguous().realize()
        tensor.requires_grad = True
        trained.append(tensor)
        return tensor

    def make(layer):
        op = layer["op"]
        if op == "pad":
            pixels = layer["pixels"]
            return lambda x: x.pad((pixels, pixels, pixels, pixels))
        if op == "conv":
            own = {name: parameter(values) for name, values in next(held).items()}
            weight, bias = own["weight"], own.get("bias")
            return lambda x: x.conv2d(weight, bias, stride=layer["stride"], padding=layer["padding"])
        if op == "batchNorm":
            own = next(held)
            norm = BatchNorm2d(len(own["bias"]))
            norm.weight, norm.bias = parameter(own["weight"]), parameter(own["bias"])
            return norm
        if op == "dense":
            own = next(held)
            weight, bias = parameter(own["weight"]), parameter(own["bias"])
            return lambda x: x.linear(weight.transpose(), bias)
        if op == "residual":
            body = [make(each) for each in layer["body"]]
            stride = layer["stride"]

            def residual(x):
                y = x.sequential(body)
                if stride > 1 or y.shape[1] != x.shape[1]:
                    missing = y.shape[1] - x.shape[1]
                    x = x[:, :, ::stride, ::stride]
                    x = x.pad((None, (missing // 2, missing - missing // 2), None, None))
                return y + x

            return residual
        if op == "dropout":
            return lambda x: x.dropout(layer["rate"])
        return {
            "tanh": lambda x: x.tanh(),
            "relu": lambda x: x.relu(),
            "maxPool": lambda x: x.max_pool2d((2, 2)),
            "globalMeanPool": lambda x: x.mean((2, 3)),
            "flatten": lambda x: x.flatten(1),
        }[op]

    layers = [make(layer) for layer in network["layers"]]
    return (lambda x: x.sequential(layers)), trained


def prepare(network, count, training):
    model, trained = build(network)
    images, classes = first_batch(network, count)
    x, labels = Tensor(images).realize(), Tensor(classes.astype("int32")).realize()
    TRAINING.value = int(training)
    if not training:
        infer = TinyJit(lambda x: model(x).realize())

        def run(times):
            for _ in range(times):
                logits = infer(x)
            return logits[0].tolist()

        return run
    rate = network["learningRate"]
    optimizer = (Adam(trained, lr=rate) if network["optimizer"] == "adam"
                 else SGD(trained, lr=rate, momentum=0.9))

    @TinyJit
    def step(x, labels):
        optimizer.zero_grad()
        loss = model(x).sparse_categorical_crossentropy(labels).backward()
        return loss.realize(*optimizer.schedule_step())

    def train(times):
        for _ in range(times):
            loss = step(x, labels)
        return [loss.item()]

    return train
