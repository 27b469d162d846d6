"""Writes more_layers.json: what PyTorch answers for the layers and losses of the namespaces.

    /tmp/venv/bin/python tests/golden/more_layers.py

As layers.py: float64 from inputs of three decimals, nine digits, tensors as text, in our layouts.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(15)


def numbers(*shape):
    """Normal numbers with three decimals."""
    return (torch.randn(shape, generator=generator) * 1000).round() / 1000


def text(tensor):
    values = " ".join(f"{value:.9g}" for value in tensor.detach().flatten().tolist())
    return " ".join(str(size) for size in tensor.shape) + " | " + values


def last(tensor):
    return tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor


def filters(tensor):
    return tensor.permute(2, 3, 1, 0)


def same(tensor):
    return tensor


def case(name, op, options, x, parameters, y, layout=last):
    """One layer's outputs and the gradients of sum(y * upstream)."""
    upstream = numbers(*y.shape)
    tensors = [tensor for tensor, _ in parameters.values()]
    grads = torch.autograd.grad(y, [x, *tensors], upstream)
    return {
        "name": name, "op": op, "options": options, "x": text(layout(x)),
        "params": {key: text(to(tensor)) for key, (tensor, to) in parameters.items()},
        "upstream": text(layout(upstream)), "y": text(layout(y)),
        "xGradient": text(layout(grads[0])),
        "paramGradients": {
            key: text(to(grad)) for (key, (_, to)), grad in zip(parameters.items(), grads[1:])
        },
    }


def activations():
    for op, options, function in (
        ("relu6", {}, F.relu6), ("elu", {}, F.elu), ("elu", {"alpha": 0.7}, lambda x: F.elu(x, 0.7)),
        ("selu", {}, F.selu), ("gelu", {}, F.gelu),
        ("gelu", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
        ("silu", {}, F.silu), ("hardSwish", {}, F.hardswish), ("hardSigmoid", {}, F.hardsigmoid),
        ("softplus", {}, F.softplus), ("logSoftmax", {}, lambda x: F.log_softmax(x, -1)),
    ):
        x = (numbers(4, 7) * 4).requires_grad_()
        yield case("of a matrix", op, options, x, {}, function(x), same)
    x, slope = (numbers(2, 3, 4, 5) * 2).requires_grad_(), numbers(3).requires_grad_()
    yield case("a slope a channel", "prelu", {}, x, {"slope": (slope, same)}, F.prelu(x, slope))
    x, slope = (numbers(2, 3, 4, 5) * 2).requires_grad_(), numbers(1).requires_grad_()
    yield case("one slope", "prelu", {"shared": True}, x, {"slope": (slope, same)},
               F.prelu(x, slope))


def transposed(name, shape, options):
    size, stride, padding = options["size"], options.get("stride", 1), options.get("padding", 0)
    extra, dilation = options.get("outputPadding", 0), options.get("dilation", 1)
    groups, features = options.get("groups", 1), options["features"]
    x = numbers(*shape).requires_grad_()
    kernel = numbers(shape[1], features // groups, *([size, size] if isinstance(size, int) else size))
    kernel.requires_grad_()
    bias = numbers(features).requires_grad_() if options.get("bias", True) else None
    y = F.conv_transpose2d(x, kernel, bias, stride, padding, extra, groups, dilation)
    parameters = {"kernel": (kernel, filters)}
    if bias is not None:
        parameters["bias"] = (bias, same)
    return case(name, "convTranspose", options, x, parameters, y)


def scaling():
    yield transposed("plain", (2, 3, 4, 5), {"features": 2, "size": 3})
    yield transposed("stride 2, padding 1, output padding 1", (1, 3, 4, 3),
                     {"features": 4, "size": 3, "stride": 2, "padding": 1, "outputPadding": 1})
    yield transposed("oblong", (2, 2, 3, 4), {
        "features": 3, "size": [2, 3], "stride": [3, 2], "padding": [0, 1],
        "outputPadding": [2, 0], "bias": False})
    yield transposed("groups", (2, 4, 3, 3),
                     {"features": 6, "size": 3, "stride": 2, "padding": 1, "groups": 2})
    yield transposed("depthwise", (2, 4, 3, 4),
                     {"features": 4, "size": 4, "stride": 2, "padding": 1, "groups": 4})
    yield transposed("dilation, output padding beyond the stride", (1, 2, 4, 4),
                     {"features": 2, "size": 3, "dilation": 2, "padding": 1, "outputPadding": 1})
    yield transposed("dilation and stride", (1, 4, 3, 4), {
        "features": 2, "size": 2, "stride": 2, "dilation": 3, "padding": 2, "groups": 2})
    for method, align in (("nearest", "asymmetric"), ("bilinear", "half-pixel"),
                          ("bilinear", "align-corners")):
        for name, size in (("twice", [8, 6]), ("to another size", [7, 10]), ("down", [3, 2])):
            x = numbers(2, 3, 4, 3).requires_grad_()
            corners = {} if method == "nearest" else {"align_corners": align == "align-corners"}
            y = F.interpolate(x, size=size, mode=method, **corners)
            options = {"size": size, "method": method, "align": align}
            yield case(f"{method}, {align}, {name}", "upsample", options, x, {}, y)
    x = numbers(2, 3, 4, 3).requires_grad_()
    yield case("nearest by half pixels", "upsample",
               {"size": [7, 5], "method": "nearest", "align": "half-pixel"}, x, {},
               F.interpolate(x, size=[7, 5], mode="nearest-exact"))
    x = numbers(2, 12, 2, 3).requires_grad_()
    yield case("by 2", "pixelShuffle", {"factor": 2}, x, {}, F.pixel_shuffle(x, 2))
    x = numbers(1, 2, 6, 9).requires_grad_()
    yield case("by 3", "pixelUnshuffle", {"factor": 3}, x, {}, F.pixel_unshuffle(x, 3))
    for mode, theirs in (("zeros", "constant"), ("reflect", "reflect"), ("edge", "replicate")):
        x = numbers(2, 2, 4, 5).requires_grad_()
        amount = {"top": 2, "bottom": 1, "left": 0, "right": 3}
        yield case(mode, "padBy", {"amount": amount, "mode": mode}, x, {},
                   F.pad(x, (0, 3, 2, 1), mode=theirs))


def norms():
    def affine(count):
        return {"scale": ((numbers(count) + 1).requires_grad_(), same),
                "shift": (numbers(count).requires_grad_(), same)}

    x, p = numbers(3, 6, 4, 3).requires_grad_(), affine(6)
    yield case("3 groups of 6", "groupNorm", {"groups": 3}, x, p,
               F.group_norm(x, 3, p["scale"][0], p["shift"][0], 1e-5))
    x = numbers(2, 4, 3, 3).requires_grad_()
    yield case("without affine", "groupNorm", {"groups": 2, "affine": False, "epsilon": 1e-3}, x,
               {}, F.group_norm(x, 2, None, None, 1e-3))
    x, p = numbers(2, 3, 4, 5).requires_grad_(), affine(3)
    yield case("of images", "instanceNorm", {"affine": True}, x, p,
               F.instance_norm(x, None, None, p["scale"][0], p["shift"][0]))
    x, p = numbers(4, 6).requires_grad_(), affine(6)
    yield case("of vectors", "layerNorm", {}, x, p,
               F.layer_norm(x, [6], p["scale"][0], p["shift"][0]))
    x, p = numbers(2, 5, 3, 2).requires_grad_(), affine(5)
    y = F.layer_norm(x.permute(0, 2, 3, 1), [5], p["scale"][0], p["shift"][0], 1e-6)
    yield case("of each pixel's channels", "layerNorm", {"epsilon": 1e-6}, x, p,
               y.permute(0, 3, 1, 2))
    x = numbers(2, 2, 3, 2).requires_grad_()
    scale, shift = (numbers(2, 3, 2) + 1).requires_grad_(), numbers(2, 3, 2).requires_grad_()
    first = lambda tensor: tensor.permute(1, 2, 0)
    yield case("of whole examples", "layerNorm", {"axes": "all"}, x,
               {"scale": (scale, first), "shift": (shift, first)},
               F.layer_norm(x, [2, 3, 2], scale, shift))


def loss(name, function, options, value, inputs):
    grads = torch.autograd.grad(value, [tensor for tensor in inputs.values() if tensor.requires_grad])
    learned = [key for key, tensor in inputs.items() if tensor.requires_grad]
    return {
        "name": name, "loss": function, "options": options,
        "inputs": {key: text(last(tensor)) for key, tensor in inputs.items()},
        "value": value.item(),
        "gradients": {key: text(last(grad)) for key, grad in zip(learned, grads)},
    }


def losses():
    def share(*shape):
        return torch.sigmoid(numbers(*shape)).mul(1000).round() / 1000

    def pair(x, t):
        return {"outputs": x, "targets": t}

    x, t = (numbers(3, 4) * 3).requires_grad_(), share(3, 4)
    yield loss("of logits", "binaryCrossEntropy", {},
               F.binary_cross_entropy_with_logits(x, t), pair(x, t))
    x, t = (numbers(3, 4) * 3).requires_grad_(), (share(3, 4) > 0.5).double()
    yield loss("positives weigh", "binaryCrossEntropy", {"positiveWeight": 2.5},
               F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(2.5)), pair(x, t))
    x, t = numbers(3, 5).requires_grad_(), numbers(3, 5)
    yield loss("beyond and within", "huber", {"delta": 0.8}, F.huber_loss(x, t, delta=0.8), pair(x, t))
    x, t = numbers(3, 5).requires_grad_(), numbers(3, 5)
    yield loss("mean", "meanAbsoluteError", {}, F.l1_loss(x, t), pair(x, t))
    x, t = numbers(4, 5).requires_grad_(), numbers(4, 5)
    yield loss("mean", "cosineDistance", {}, (1 - F.cosine_similarity(x, t)).mean(), pair(x, t))
    x, t = numbers(4, 5).requires_grad_(), F.softmax(numbers(4, 5), -1).mul(1000).round() / 1000
    yield loss("of logits", "klDivergence", {},
               F.kl_div(F.log_softmax(x, -1), t, reduction="batchmean"), pair(x, t))
    a, p, n = (numbers(5, 3).requires_grad_() for _ in range(3))
    yield loss("mean", "tripletLoss", {"margin": 1.0},
               F.triplet_margin_loss(a, p, n, margin=1.0, eps=0),
               {"anchors": a, "positives": p, "negatives": n})
    x, t = (numbers(4, 5) * 2).requires_grad_(), F.one_hot(torch.tensor([0, 3, 1, 1]), 5).double()
    log = F.log_softmax(x, -1)
    value = -(t * (1 - log.exp()) ** 2 * log).sum(-1).mean()
    yield loss("of classes", "focalLoss", {"gamma": 2}, value, pair(x, t))
    x, t = (numbers(3, 4) * 2).requires_grad_(), (share(3, 4) > 0.5).double()
    p = torch.sigmoid(x)
    q = torch.where(t > 0, p, 1 - p)
    weight = torch.where(t > 0, 0.25, 0.75)
    value = (weight * (1 - q) ** 2 * F.binary_cross_entropy_with_logits(x, t, reduction="none")).mean()
    yield loss("of units", "binaryFocalLoss", {"gamma": 2, "alpha": 0.25}, value, pair(x, t))
    x, t = numbers(3, 2, 4, 3).requires_grad_(), (share(3, 2, 4, 3) > 0.5).double()
    p = torch.sigmoid(x)
    overlap = (p * t).sum((2, 3))
    value = (1 - (2 * overlap + 1) / (p.sum((2, 3)) + t.sum((2, 3)) + 1)).mean()
    yield loss("of masks", "dice", {"smooth": 1}, value, pair(x, t))
    a, b, t = numbers(6, 3).requires_grad_(), numbers(6, 3).requires_grad_(), torch.tensor([1., 0, 1, 0, 0, 1])
    d = (a - b).norm(dim=-1)
    value = (t * d ** 2 + (1 - t) * F.relu(2 - d) ** 2).mean()
    yield loss("mean", "contrastiveLoss", {"margin": 2}, value, {"first": a, "second": b, "same": t})


golden = {
    "torch": torch.__version__.split("+")[0],
    "layers": [*activations(), *scaling(), *norms()],
    "losses": list(losses()),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=2) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
