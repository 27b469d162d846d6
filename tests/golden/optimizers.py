"""Writes optimizers.json: PyTorch's parameters over twenty steps, and its learning rates.

    /tmp/venv/bin/python tests/golden/optimizers.py && deno fmt tests/golden

Everything is computed in float64 and written with nine digits, as in layers.py. Gradients are
given: those of a noisy quadratic at PyTorch's parameters, rounded to three decimals. Where a
case clips, what is written is the gradient before. Made with torch 2.15.
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler as schedulers
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(21)

STEPS = 20
CURVATURE = {"kernel": 0.5, "bias": 3.0}


def numbers(*shape):
    """Normal numbers with three decimals."""
    return (torch.randn(shape, generator=generator) * 1000).round() / 1000


def text(tensor):
    values = " ".join(f"{value:.9g}" for value in tensor.detach().flatten().tolist())
    return " ".join(str(size) for size in tensor.shape) + " | " + values


def texts(tensors):
    return {key: text(tensor) for key, tensor in tensors.items()}


def walk(name, function, options, make, schedule=None, clip=None, every=1, size=1.0):
    """Twenty steps. `make` is given the parameters by name; `every` batches are one update."""
    start = {"kernel": numbers(2, 3), "bias": numbers(3)}
    parameters = {key: tensor.clone().requires_grad_() for key, tensor in start.items()}
    stepper = make(parameters)
    scheduler = schedule(stepper) if schedule else None
    steps = []
    for i in range(STEPS):
        grads = {}
        for key, tensor in parameters.items():
            gradient = size * (CURVATURE[key] * tensor.detach() + 0.3 * numbers(*tensor.shape))
            grads[key] = (gradient * 1000).round() / 1000
            before = tensor.grad if i % every else None
            tensor.grad = grads[key] / every + (0 if before is None else before)
        if (i + 1) % every == 0:
            if clip:
                clip(list(parameters.values()))
            stepper.step()
            if scheduler:
                scheduler.step()
        steps.append({"grads": texts(grads), "params": texts(parameters)})
    return {"name": name, "optimizer": function, "options": options, "start": texts(start),
            "steps": steps}


def plain(make):
    return lambda parameters: make(list(parameters.values()))


def kernel_only(make, decay):
    """The optimizer with weight decay for the kernel alone, by parameter groups."""
    return lambda parameters: make([
        {"params": [parameters["kernel"]], "weight_decay": decay},
        {"params": [parameters["bias"]], "weight_decay": 0.0},
    ])


def walks():
    sgd, adam, adamw, rmsprop = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW,
                                 torch.optim.RMSprop)
    yield walk("SGD with weight decay", "sgd", {"learningRate": 0.05, "weightDecay": 0.2},
               plain(lambda p: sgd(p, 0.05, weight_decay=0.2)))
    yield walk("momentum with weight decay", "sgd",
               {"learningRate": 0.05, "momentum": 0.9, "weightDecay": 0.2},
               plain(lambda p: sgd(p, 0.05, 0.9, weight_decay=0.2)))
    yield walk("Nesterov with weight decay", "sgd",
               {"learningRate": 0.05, "momentum": 0.8, "nesterov": True, "weightDecay": 0.2},
               plain(lambda p: sgd(p, 0.05, 0.8, nesterov=True, weight_decay=0.2)))
    yield walk("momentum with weight decay of kernels", "sgd",
               {"learningRate": 0.05, "momentum": 0.9, "weightDecay": 0.2, "kernels": True},
               kernel_only(lambda g: sgd(g, 0.05, 0.9), 0.2))
    yield walk("AdamW", "adamw", {"learningRate": 0.02, "weightDecay": 0.5},
               plain(lambda p: adamw(p, 0.02, weight_decay=0.5)))
    yield walk("AdamW of its default decay and other betas", "adamw",
               {"learningRate": 0.05, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3},
               plain(lambda p: adamw(p, 0.05, (0.7, 0.9), 1e-3)))
    yield walk("AdamW of kernels", "adamw",
               {"learningRate": 0.02, "weightDecay": 0.5, "kernels": True},
               kernel_only(lambda g: adamw(g, 0.02), 0.5))
    yield walk("Adam after weight decay", "adam with weight decay",
               {"learningRate": 0.02, "weightDecay": 0.3},
               plain(lambda p: adam(p, 0.02, weight_decay=0.3)))
    yield walk("RMSProp", "rmsprop", {"learningRate": 0.01}, plain(lambda p: rmsprop(p, 0.01)))
    yield walk("RMSProp of other smoothing, with weight decay", "rmsprop",
               {"learningRate": 0.02, "smoothing": 0.8, "epsilon": 1e-3, "weightDecay": 0.2},
               plain(lambda p: rmsprop(p, 0.02, 0.8, 1e-3, 0.2)))
    yield walk("RMSProp with momentum", "rmsprop", {"learningRate": 0.005, "momentum": 0.8},
               plain(lambda p: rmsprop(p, 0.005, momentum=0.8)))
    yield walk("centered RMSProp", "rmsprop",
               {"learningRate": 0.01, "smoothing": 0.9, "centered": True},
               plain(lambda p: rmsprop(p, 0.01, 0.9, centered=True)))
    yield walk("centered RMSProp with momentum", "rmsprop",
               {"learningRate": 0.005, "smoothing": 0.9, "centered": True, "momentum": 0.7},
               plain(lambda p: rmsprop(p, 0.005, 0.9, momentum=0.7, centered=True)))
    yield walk("SGD clipped by norm", "clipped by norm", {"most": 1.5, "learningRate": 0.1},
               plain(lambda p: sgd(p, 0.1)),
               clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 1.5))
    yield walk("SGD clipped by value", "clipped by value", {"most": 0.4, "learningRate": 0.1},
               plain(lambda p: sgd(p, 0.1)),
               clip=lambda p: torch.nn.utils.clip_grad_value_(p, 0.4))
    yield walk("SGD clipped by norm, of gradients that are never too long", "clipped by norm",
               {"most": 1.5, "learningRate": 0.1}, plain(lambda p: sgd(p, 0.1)), size=0.05,
               clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 1.5))
    yield walk("Adam of every third step", "accumulated", {"every": 3, "learningRate": 0.02},
               plain(lambda p: adam(p, 0.02)), every=3)
    yield walk("momentum by StepLR", "sgd by steps",
               {"learningRate": 0.1, "momentum": 0.9, "every": 6, "factor": 0.3},
               plain(lambda p: sgd(p, 0.1, 0.9)),
               lambda optimizer: schedulers.StepLR(optimizer, 6, 0.3))
    yield walk("AdamW by CosineAnnealingLR", "adamw by cosine",
               {"learningRate": 0.1, "steps": 20, "weightDecay": 0.5},
               plain(lambda p: adamw(p, 0.1, weight_decay=0.5)),
               lambda optimizer: schedulers.CosineAnnealingLR(optimizer, 20))
    yield walk("momentum of two rates", "two rates",
               {"kernel": 0.02, "bias": 0.2, "momentum": 0.9},
               lambda p: sgd([{"params": [p["kernel"]], "lr": 0.02},
                              {"params": [p["bias"]], "lr": 0.2}], momentum=0.9))


def rates(name, schedule, options, make, steps=40, rate=0.3):
    """The learning rates of forty steps."""
    stepper = torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)
    scheduler = make(stepper)
    values = []
    for _ in range(steps):
        values.append(float(f"{stepper.param_groups[0]['lr']:.9g}"))
        stepper.step()
        scheduler.step()
    return {"name": name, "schedule": schedule, "options": options, "rates": values}


def all_rates():
    yield rates("StepLR", "stepDecay", {"learningRate": 0.3, "every": 7, "factor": 0.5},
                lambda o: schedulers.StepLR(o, 7, 0.5))
    yield rates("MultiStepLR", "piecewise",
                {"pieces": [[0, 0.3], [5, 0.03], [6, 0.003], [30, 0.0003]]},
                lambda o: schedulers.MultiStepLR(o, [5, 6, 30], 0.1))
    yield rates("ExponentialLR", "exponentialDecay",
                {"learningRate": 0.3, "every": 1, "factor": 0.9},
                lambda o: schedulers.ExponentialLR(o, 0.9))
    yield rates("CosineAnnealingLR", "cosineDecay", {"learningRate": 0.3, "steps": 39, "end": 0.1},
                lambda o: schedulers.CosineAnnealingLR(o, 39, 0.03))
    yield rates("CosineAnnealingWarmRestarts", "cosineRestarts",
                {"learningRate": 0.3, "steps": 7, "end": 0.1},
                lambda o: schedulers.CosineAnnealingWarmRestarts(o, 7, 1, 0.03))
    yield rates("CosineAnnealingWarmRestarts of growing rounds", "cosineRestarts",
                {"learningRate": 0.3, "steps": 3, "growth": 3},
                lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3, 3))
    # PyTorch's phases end at the shares of the steps less one, ours at the shares of `steps`.
    yield rates("OneCycleLR", "oneCycle",
                {"learningRate": 0.3, "steps": 39, "warmUp": 9 / 39, "divisor": 20,
                 "finalDivisor": 2000},
                lambda o: schedulers.OneCycleLR(o, 0.3, 40, pct_start=10 / 40, div_factor=20,
                                                final_div_factor=100, cycle_momentum=False))
    yield rates("LinearLR", "warmUp", {"steps": 8, "learningRate": 0.3, "start": 0.25},
                lambda o: schedulers.LinearLR(o, 0.25, 1.0, 8))
    yield rates("LinearLR before CosineAnnealingLR", "warmUp to cosine",
                {"steps": 8, "learningRate": 0.3, "start": 0.25, "cosine": 31},
                lambda o: schedulers.SequentialLR(
                    o, [schedulers.LinearLR(o, 0.25, 1.0, 8), schedulers.CosineAnnealingLR(o, 31)],
                    [8]))


def plateau(name, options, metrics, **torch_options):
    """The learning rate, from 1, after each of the metrics."""
    stepper = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    scheduler = schedulers.ReduceLROnPlateau(stepper, threshold_mode="abs", eps=0, **torch_options)
    factors = []
    for metric in metrics:
        scheduler.step(metric)
        factors.append(stepper.param_groups[0]["lr"])
    return {"name": name, "options": options, "metrics": metrics, "factors": factors}


def plateaus():
    falling = [(abs(x) * 1000).round().item() / 1000 for x in numbers(60) + torch.linspace(3, 0, 60)]
    yield plateau("of its defaults", {}, [1.0] * 40)
    yield plateau("of a noisy loss", {"factor": 0.5, "patience": 2, "minDelta": 0.01}, falling,
                  factor=0.5, patience=2, threshold=0.01)
    yield plateau("that cools", {"factor": 0.5, "patience": 1, "cooldown": 3}, falling,
                  factor=0.5, patience=1, cooldown=3)
    yield plateau("of an accuracy, with no patience",
                  {"factor": 0.3, "patience": 0, "mode": "max", "minDelta": 0.05},
                  [-x for x in falling], factor=0.3, patience=0, mode="max", threshold=0.05)
    yield plateau("that has a least", {"factor": 0.2, "patience": 1, "least": 0.01, "minDelta": 0},
                  falling, factor=0.2, patience=1, threshold=0, min_lr=0.01)


def average():
    """A weight's moving average, whose first value PyTorch takes as it is."""
    model = torch.nn.Linear(3, 1, bias=False)
    values = [numbers(1, 3) for _ in range(STEPS)]
    with torch.no_grad():
        model.weight.copy_(values[0])
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.8))
    averages = []
    for value in values:
        with torch.no_grad():
            model.weight.copy_(value)
        averaged.update_parameters(model)
        averages.append(text(averaged.module.weight))
    return {"decay": 0.8, "values": [text(value) for value in values], "averages": averages}


golden = {
    "torch": torch.__version__.split("+")[0],
    "walks": list(walks()),
    "rates": list(all_rates()),
    "plateaus": list(plateaus()),
    "average": average(),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=2) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
