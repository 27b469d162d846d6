"""Writes layers.json: what PyTorch answers for the layers, losses and optimizers under test.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install torch numpy
    /tmp/venv/bin/python tests/golden/layers.py

Everything is computed in float64 from inputs of three decimals and written with nine
digits, so that the file says what is right and the tests how near float32 comes. Data goes
over from PyTorch's layouts to ours here, NCHW to NHWC and OIHW to HWIO. A tensor is written
as its shape, a bar and its numbers, "2 3 | 0.1 -0.2 ...". Made with torch 2.15.
"""

import json
import pathlib

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(20)


def numbers(*shape):
    """Normal numbers with three decimals."""
    return (torch.randn(shape, generator=generator) * 1000).round() / 1000


def distinct(*shape):
    """Numbers no two of which are nearer than 0.05, so that each window has one largest."""
    count = torch.Size(shape).numel()
    order = torch.randperm(count, generator=generator).to(torch.float64)
    return ((order - count // 2) * 50).reshape(shape) / 1000


def text(tensor):
    values = " ".join(f"{value:.9g}" for value in tensor.detach().flatten().tolist())
    return " ".join(str(size) for size in tensor.shape) + " | " + values


def channels_last(tensor):
    return tensor.permute(0, 2, 3, 1)


def filters(tensor):
    return tensor.permute(2, 3, 1, 0)


def pair(value):
    return list(value) if isinstance(value, (list, tuple)) else [value, value]


def frame(shape, size, stride, dilation, padding):
    """Padding as F.pad takes it, (left, right, top, bottom); "same" as TensorFlow pads."""
    sides = []
    for axis in (1, 0):
        if padding == "same":
            length = shape[2 + axis]
            outputs = -(-length // stride[axis])
            reach = (size[axis] - 1) * dilation[axis] + 1
            total = max((outputs - 1) * stride[axis] + reach - length, 0)
            sides += [total // 2, total - total // 2]
        else:
            sides += [0, 0] if padding == "valid" else [padding, padding]
    return sides


def case(name, op, options, x, parameters, y, to_ours=channels_last):
    """One layer's outputs and the gradients of sum(y * upstream)."""
    upstream = numbers(*y.shape)
    named = {key: tensor for key, (tensor, _) in parameters.items()}
    grads = torch.autograd.grad(y, [x, *named.values()], upstream)
    layouts = {key: layout for key, (_, layout) in parameters.items()}
    return {
        "name": name,
        "op": op,
        "options": options,
        "x": text(to_ours(x)),
        "params": {key: text(layouts[key](tensor)) for key, tensor in named.items()},
        "upstream": text(to_ours(upstream)),
        "y": text(to_ours(y)),
        "xGradient": text(to_ours(grads[0])),
        "paramGradients": {
            key: text(layouts[key](grad)) for key, grad in zip(named, grads[1:])
        },
    }


def same(tensor):
    return tensor


def conv(name, shape, options):
    size, stride = pair(options["size"]), pair(options.get("stride", 1))
    dilation, groups = pair(options.get("dilation", 1)), options.get("groups", 1)
    features = options["features"]
    x = numbers(*shape).requires_grad_()
    kernel = numbers(features, shape[1] // groups, *size).requires_grad_()
    bias = numbers(features).requires_grad_() if options.get("bias", True) else None
    padded = F.pad(x, frame(shape, size, stride, dilation, options.get("padding", "valid")))
    y = F.conv2d(padded, kernel, bias, stride, 0, dilation, groups)
    parameters = {"kernel": (kernel, filters)}
    if bias is not None:
        parameters["bias"] = (bias, same)
    return case(name, "conv", options, x, parameters, y)


def windows(x, options, fill):
    """Each window's numbers, [N, C, H', W', h * w]."""
    size = pair(options.get("size", 2))
    stride = pair(options.get("stride", size))
    sides = frame(x.shape, size, stride, [1, 1], options.get("padding", "valid"))
    padded = F.pad(x, sides, value=fill)
    return padded.unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1]).flatten(4)


def pool(name, op, x, options):
    x = x.requires_grad_()
    if op == "maxPool":
        y = windows(x, options, float("-inf")).max(-1).values
    elif op == "meanPool":
        real = windows(torch.ones_like(x), options, 0).sum(-1)
        y = windows(x, options, 0).sum(-1) / real
    elif options.get("norm", 2) == 1:
        y = windows(x, options, 0).abs().sum(-1)
    else:
        squares = (windows(x, options, 0) ** 2).sum(-1)
        # The root's slope at zero is infinite; the slope of a window of zeros is to be zero.
        y = torch.where(squares > 0, torch.where(squares > 0, squares, 1).sqrt(), 0)
    return case(name, op, options, x, {}, y)


def check_pools():
    """The windows above against PyTorch's own pooling, where it has such a pooling."""
    x = distinct(2, 2, 7, 8)
    options = {"size": [2, 3], "stride": [2, 1], "padding": 1}
    own = windows(x, options, float("-inf")).max(-1).values
    assert own.equal(F.max_pool2d(x, (2, 3), (2, 1), 1))
    real = windows(torch.ones_like(x), options, 0).sum(-1)
    own = windows(x, options, 0).sum(-1) / real
    theirs = F.avg_pool2d(x, (2, 3), (2, 1), 1, count_include_pad=False)
    assert torch.allclose(own, theirs, rtol=1e-12)


def holed(x):
    """With a corner of zeros, so that some windows hold nothing else."""
    x[:, :, :4, :4] = 0
    return x


def layers():
    yield conv("oblong filter, stride and padding", (2, 2, 7, 6),
               {"features": 3, "size": [3, 2], "stride": [2, 1], "padding": 1})
    yield conv("dilation, stride and padding at once", (1, 2, 9, 8),
               {"features": 3, "size": 3, "stride": 2, "padding": 2, "dilation": 2})
    yield conv("groups without bias", (2, 4, 5, 5),
               {"features": 6, "size": 3, "padding": "same", "groups": 2, "bias": False})
    yield conv("same with stride 2 on odd sizes", (2, 3, 7, 5),
               {"features": 2, "size": 3, "stride": 2, "padding": "same"})
    yield conv("same with an even filter and stride 2", (1, 2, 8, 7),
               {"features": 2, "size": [4, 2], "stride": 2, "padding": "same"})
    yield conv("dilation one way, groups, same", (1, 4, 6, 7),
               {"features": 4, "size": 3, "padding": "same", "dilation": [1, 2], "groups": 2})
    yield conv("1 x 1 with stride 2", (2, 3, 5, 4), {"features": 4, "size": 1, "stride": 2})
    check_pools()
    for op in ("maxPool", "meanPool"):
        yield pool("default window", op, distinct(1, 2, 5, 4), {})
        yield pool("overlapping windows", op, distinct(2, 2, 7, 8), {"size": 3, "stride": 2})
        yield pool("padding by a number", op, distinct(1, 2, 7, 6),
                   {"size": [2, 3], "stride": [2, 1], "padding": 1})
        yield pool("same on odd sizes", op, distinct(2, 1, 7, 6),
                   {"size": 3, "stride": 2, "padding": "same"})
    for norm in (1, 2):
        yield pool(f"norm {norm}", "normPool", numbers(1, 2, 6, 5), {"norm": norm})
        yield pool(f"norm {norm} of windows of zeros", "normPool", holed(numbers(1, 2, 7, 7)),
                   {"norm": norm, "size": 3, "stride": 2, "padding": 1})
    x, kernel, bias = (numbers(*shape).requires_grad_() for shape in ((3, 5), (5, 4), (4,)))
    yield case("with bias", "dense", {"features": 4}, x,
               {"kernel": (kernel, same), "bias": (bias, same)}, x @ kernel + bias, same)
    x, kernel = (numbers(*shape).requires_grad_() for shape in ((2, 7), (7, 3)))
    yield case("without bias", "dense", {"features": 3, "bias": False}, x,
               {"kernel": (kernel, same)}, x @ kernel, same)
    for op, function in (
        ("relu", F.relu), ("tanh", torch.tanh), ("sigmoid", torch.sigmoid),
        ("softmax", lambda x: F.softmax(x, -1)), ("leakyRelu", lambda x: F.leaky_relu(x, 0.2)),
    ):
        x = (numbers(3, 7) * 3).requires_grad_()
        options = {"slope": 0.2} if op == "leakyRelu" else {}
        yield case("of a matrix", op, options, x, {}, function(x), same)


def batch_norm():
    """Three steps of training, then inference by what they left behind."""
    epsilon, momentum = 1e-3, 0.25
    scale, shift = (numbers(3) + 1).requires_grad_(), numbers(3).requires_grad_()
    mean, variance = torch.zeros(3), torch.ones(3)
    steps = []
    for step in range(3):
        x = (numbers(2, 3, 3, 5) * (step + 1) + step).requires_grad_()
        y = F.batch_norm(x, mean, variance, scale, shift, True, momentum, epsilon)
        steps.append({
            **case(f"step {step + 1}", "batchNorm", {}, x,
                   {"scale": (scale, same), "shift": (shift, same)}, y),
            "mean": text(mean),
            "variance": text(variance),
        })
    x = numbers(2, 3, 3, 5).requires_grad_()
    y = F.batch_norm(x, mean, variance, scale, shift, False, momentum, epsilon)
    parameters = {"scale": (scale, same), "shift": (shift, same)}
    inference = case("inference", "batchNorm", {}, x, parameters, y)
    return {"epsilon": epsilon, "momentum": momentum, "steps": steps, "inference": inference}


def loss(name, function, outputs, targets):
    outputs, targets = outputs.requires_grad_(), targets.requires_grad_()
    take = F.cross_entropy if function == "softmaxCrossEntropy" else F.mse_loss
    value = take(outputs, targets)
    grads = torch.autograd.grad(value, [outputs, targets])
    return {
        "name": name, "loss": function, "outputs": text(outputs), "targets": text(targets),
        "value": value.item(), "outputGradient": text(grads[0]), "targetGradient": text(grads[1]),
    }


def losses():
    one_hot = F.one_hot(torch.tensor([2, 0, 4]), 5).to(torch.float64)
    soft = F.softmax(numbers(3, 5), -1).mul(1000).round() / 1000
    huge = torch.tensor([[1e4, -1e4, 0, 9999], [3e5, 3e5, 3e5, 3e5], [-5e4, -5e4, -5e4, -4.9e4]])
    chosen = F.one_hot(torch.tensor([1, 3, 3]), 4).to(torch.float64)
    yield loss("one-hot targets", "softmaxCrossEntropy", numbers(3, 5) * 2, one_hot)
    yield loss("soft targets", "softmaxCrossEntropy", numbers(3, 5) * 2, soft)
    yield loss("huge logits", "softmaxCrossEntropy", huge, chosen)
    yield loss("of matrices", "meanSquaredError", numbers(3, 4), numbers(3, 4))


def optimizer(name, function, options, make):
    """Twenty steps down a noisy quadratic. Its gradients are written down too, for the test to replay."""
    start = {"kernel": numbers(2, 3), "bias": numbers(3)}
    parameters = {key: tensor.clone().requires_grad_() for key, tensor in start.items()}
    curvature = {"kernel": 0.5, "bias": 3.0}
    stepper = make(list(parameters.values()))
    steps = []
    for _ in range(20):
        for key, tensor in parameters.items():
            gradient = curvature[key] * tensor.detach() + 0.3 * numbers(*tensor.shape)
            tensor.grad = (gradient * 1000).round() / 1000
        grads = {key: text(tensor.grad) for key, tensor in parameters.items()}
        stepper.step()
        steps.append({"grads": grads, "params": {k: text(t) for k, t in parameters.items()}})
    return {
        "name": name, "optimizer": function, "options": options,
        "start": {key: text(tensor) for key, tensor in start.items()}, "steps": steps,
    }


def optimizers():
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    yield optimizer("SGD", "sgd", {"learningRate": 0.05}, lambda p: sgd(p, 0.05))
    yield optimizer("momentum", "sgd", {"learningRate": 0.05, "momentum": 0.9},
                    lambda p: sgd(p, 0.05, 0.9))
    yield optimizer("Nesterov", "sgd", {"learningRate": 0.05, "momentum": 0.8, "nesterov": True},
                    lambda p: sgd(p, 0.05, 0.8, nesterov=True))
    yield optimizer("Adam", "adam", {"learningRate": 0.02}, lambda p: adam(p, 0.02))
    yield optimizer("Adam of other decays", "adam",
                    {"learningRate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3},
                    lambda p: adam(p, 0.02, (0.7, 0.9), 1e-3))


golden = {
    "torch": torch.__version__.split("+")[0],
    "layers": list(layers()),
    "batchNorm": batch_norm(),
    "losses": list(losses()),
    "optimizers": list(optimizers()),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=2) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
