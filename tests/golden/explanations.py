"""Writes explanations.json: attributions of a small network, and attacks on it, by other packages.

    /tmp/venv/bin/pip install torch torchvision numpy captum grad-cam torchattacks
    /tmp/venv/bin/python tests/golden/explanations.py && deno fmt tests/golden

The network's numbers come from a formula, which golden_network.ts has too. All is written with
channels last. Made with torch 2.15, Captum 0.9, pytorch-grad-cam 1.5.7, torchattacks 3.5.1.
"""

import json
import math
import pathlib

import numpy
import pytorch_grad_cam as cams
import torch
from captum.attr import LRP, DeepLift, IntegratedGradients
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule
from captum.metrics import infidelity, infidelity_perturb_func_decorator
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from sklearn.linear_model import Ridge
from torch import nn
from torchattacks.attacks.apgd import APGD

here = pathlib.Path(__file__).parent
torch.set_num_threads(1)
HEIGHT, WIDTH, CHANNELS, TARGET = 10, 11, 2, 1


def spread(seed, *shape):
    """Numbers from -1 to 1."""
    count = math.prod(shape)
    waves = numpy.sin(numpy.arange(1, count + 1) * 12.9898 + seed * 78.233) * 43758.5453
    return torch.tensor((2 * (waves - numpy.floor(waves)) - 1).astype(numpy.float32)).reshape(shape)


def kernel(seed, *shape):
    return spread(seed, *shape).permute(3, 2, 0, 1).contiguous()  # [h, w, in, out] to torch's


def images(seed, count=2):
    return spread(seed, count, HEIGHT, WIDTH, CHANNELS).permute(0, 3, 1, 2).contiguous()


class Network(nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(4, 5, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.AvgPool2d(2)
        self.logits = nn.Linear(20, 3)
        with torch.no_grad():
            self.conv1.weight.copy_(0.5 * kernel(1, 3, 3, 2, 4))
            self.conv1.bias.copy_(0.2 * spread(2, 4))
            self.conv2.weight.copy_(0.4 * kernel(3, 3, 3, 4, 5))
            self.conv2.bias.copy_(0.2 * spread(4, 5))
            self.norm2.weight.copy_(1 + 0.3 * spread(5, 5))
            self.norm2.bias.copy_(0.3 * spread(6, 5))
            self.norm2.running_mean.copy_(0.2 * spread(7, 5))
            self.norm2.running_var.copy_(1 + 0.5 * spread(8, 5))
            self.logits.weight.copy_(scale * spread(9, 20, 3).T)
            self.logits.bias.copy_(0.2 * spread(10, 3))
        self.eval()

    def forward(self, x):
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.norm2(self.conv2(x))))
        return self.logits(x.permute(0, 2, 3, 1).flatten(1))


def text(values):
    values = values.detach()
    if values.ndim == 4:
        values = values.permute(0, 2, 3, 1)
    return " ".join(f"{value:.7g}" for value in values.flatten().tolist())


def upsampled(size):
    """Score-CAM's authors enlarge by pixel centers; pytorch-grad-cam by corners."""
    return lambda x: nn.functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


x, baseline = images(11), 0.5 * images(12)
result = {"scores": text(Network()(x)[:, TARGET])}

# Gradients are large, so that the terms that pytorch-grad-cam adds against 0 / 0 do not count.
strong = Network(scale=200)
nn.UpsamplingBilinear2d = upsampled
for name, method, model in [
    ("grad-cam", cams.GradCAM, strong),
    ("grad-cam++", cams.GradCAMPlusPlus, strong),
    ("hires-cam", cams.HiResCAM, strong),
    ("layer-cam", cams.LayerCAM, strong),
    ("xgrad-cam", cams.XGradCAM, strong),
    ("score-cam", cams.ScoreCAM, Network()),
]:
    cam = method(model=model, target_layers=[model.relu2])
    maps = cam(input_tensor=x, targets=[ClassifierOutputTarget(TARGET)] * 2)
    result[name] = text(torch.tensor(maps))  # [N, H, W], each scaled to 0 to 1

# With max pooling Captum's DeepLIFT is not complete (its own convergence deltas are 0.2 and 0.05).
averaging = Network()
averaging.pool1 = nn.AvgPool2d(2)
result["deepLift"] = text(DeepLift(averaging).attribute(x, baseline, target=TARGET))
gradients = IntegratedGradients(Network())
baselines = 0.5 * images(13, 3)
each = [gradients.attribute(x, b[None].expand_as(x), TARGET, n_steps=200) for b in baselines]
result["expectedGradients"] = text(sum(each) / len(each))


def lrp(x, of, isBiased=True):
    model = Network()
    for conv in [] if isBiased else [model.conv1, model.conv2]:
        conv.bias.data.zero_()
    for module in model.children():
        if not isinstance(module, nn.ReLU):
            module.rule = of(module)
    return text(LRP(model).attribute(x, target=TARGET).detach())


isConv = lambda module: isinstance(module, nn.Conv2d)
isPool = lambda module: isinstance(module, nn.MaxPool2d)
result["lrpEpsilon"] = lrp(x, lambda m: EpsilonRule(1e-9 if isPool(m) else 0.1))
# Captum's z+ rule is that of inputs of at least 0, and takes biases below 0 too.
mixed = lambda m: Alpha1_Beta0_Rule() if isConv(m) else EpsilonRule(1e-6)
result["lrpPlus"] = lrp(x.abs(), mixed, isBiased=False)

# Infidelity of integrated gradients, by parts that are replaced by the baseline.
attributions = gradients.attribute(x, baseline, TARGET, n_steps=200)
windows = [(0, 0, 4, 5), (3, 2, 6, 4), (1, 5, 9, 6), (5, 0, 5, 11), (2, 2, 3, 3)]
for normalize in [False, True]:
    left = iter(windows)

    @infidelity_perturb_func_decorator(True)
    def covered(inputs, baselines):
        top, side, height, width = next(left)
        made = inputs.clone()
        place = (slice(None), slice(None), slice(top, top + height), slice(side, side + width))
        made[place] = baselines[place]
        return made

    found = infidelity(
        Network(), covered, x, attributions, baseline, target=TARGET,
        n_perturb_samples=len(windows), max_examples_per_batch=2, normalize=normalize,
    )
    result["infidelityNormalized" if normalize else "infidelity"] = text(found)
result["windows"] = windows

# The regression of LIME.
rows = (spread(21, 40, 6) > 0).float().numpy()
ridge = Ridge(alpha=1).fit(rows, spread(22, 40).numpy(), 1 + spread(23, 40).numpy())
result["ridge"] = text(torch.tensor(ridge.coef_))

# Auto-PGD from given points; the first pair of radii is too small to fool.
pixels, noise = 0.5 + 0.5 * images(31), images(32)
labels = Network()(pixels).argmax(1)
result["labels"] = text(labels)


def oscillates(attack, norm, eps, loss):
    """Also compares the first step's loss with that before it; torchattacks compares it with 0."""
    isMost = norm == "Linf"
    length = noise.abs().amax((1, 2, 3), True) if isMost else noise.square().sum((1, 2, 3), True).sqrt()
    logits = attack.get_logits((pixels + eps * noise / length).clamp(0, 1))
    entropy = nn.CrossEntropyLoss(reduction="none")
    first = (entropy if loss == "ce" else attack.dlr_loss)(logits, labels).detach().numpy()

    def check(losses, last, count, _best, k3):
        rows = numpy.concatenate([first[None], losses])[last + 1 - count : last + 2]
        return (rows[1:] > rows[:-1]).sum(0) <= count * k3

    return check


torch.rand = lambda *_: 0.5 + 0.5 * noise
torch.randn = lambda *_: noise
for loss in ["ce", "dlr"]:
    for norm, radii in [("Linf", [0.02, 0.4]), ("L2", [0.2, 4])]:
        for size, eps in zip(["Near", "Far"], radii):
            attack = APGD(Network(), norm=norm, eps=eps, steps=16, loss=loss)
            attack.check_oscillation = oscillates(attack, norm, eps, loss)
            best, kept, losses, fooling = attack.attack_single_run(pixels, labels)
            assert bool(kept.any()) == bool(kept.all()) == (size == "Near"), (norm, eps, kept)
            # Of three classes the ratio is 1 where the label is last: its slopes are rounding errors.
            if loss == "dlr" and size == "Far":
                continue
            result[f"apgd{loss}{norm}{size}"] = text(best if size == "Near" else fooling)

(here / "explanations.json").write_text(json.dumps(result, indent=2) + "\n")
