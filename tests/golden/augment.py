"""Writes augment.json: what torchvision's functions make of small pictures, given the drawn numbers.

    /tmp/venv/bin/pip install torch torchvision
    /tmp/venv/bin/python tests/golden/augment.py && deno fmt tests/golden/augment.json

All in float64, of pictures that float32 holds exactly. Tensors are written as [H, W, C]: their
shape, a bar, their numbers. Made with torch 2.15, torchvision 0.29.
"""

import json
import pathlib

import torch
from torchvision.transforms import functional as F
from torchvision.transforms import InterpolationMode

torch.manual_seed(6)
BILINEAR = InterpolationMode.BILINEAR


def picture(channels, height=7, width=9):
    # 10 bits: exact in float32, and few digits.
    return torch.randint(0, 1025, (channels, height, width)).double() / 1024


def text(image):
    values = image.permute(1, 2, 0)
    shape = " ".join(map(str, values.shape))
    return f"{shape} | " + " ".join(f"{v:.8g}" for v in values.reshape(-1).tolist())


def case(name, image, result, **drawn):
    return {"name": name, "drawn": drawn, "image": text(image), "result": text(result)}


color, gray = picture(3), picture(1)
cases = []
for image, angle, translate, scale, shear in [
    (color, 30, (0, 0), 1, (0, 0)),
    (color, -75, (2, -1), 1, (0, 0)),
    (gray, 10, (1.5, -0.25), 1.2, (0, 0)),
    (color, 0, (0, 0), 0.7, (20, 0)),
    (color, 0, (0, 0), 1, (0, -15)),
    (picture(3, 8, 5), 200, (-1, 2.5), 0.9, (12, 7)),
]:
    result = F.affine(image, angle, list(translate), scale, list(shear), BILINEAR)
    drawn = {"angle": angle, "shift": translate, "scale": scale, "shear": shear}
    cases.append(case("affine", image, result, **drawn))
for angle in [10, -33]:
    cases.append(case("rotate", color, F.rotate(color, angle, BILINEAR), angle=angle))
for image, (top, left, height, width) in [
    (color, (0, 0, 7, 9)),
    (color, (1, 2, 4, 5)),
    (picture(1, 11, 8), (3, 0, 5, 8)),
    (gray, (6, 8, 1, 1)),
]:
    result = F.resized_crop(image, top, left, height, width, list(image.shape[1:]), BILINEAR)
    box = {"top": top, "left": left, "height": height, "width": width}
    cases.append(case("resized crop", image, result, **box))
for mode in ["constant", "reflect"]:
    for top, left in [(0, 5), (4, 1), (2, 2)]:
        padded = F.pad(color, [3, 3, 3, 3], padding_mode=mode)
        result = F.crop(padded, top, left, 7, 9)
        cases.append(case("crop", color, result, mode=mode, padding=3, top=top, left=left))

ADJUST = {
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
}
for image in [color, gray]:
    for name, adjust in ADJUST.items():
        for factor in [0, 0.6, 1, 1.7]:
            cases.append(case("color", image, adjust(image, factor), changes=[[name, factor]]))
    for order in ["bcs", "bsc", "cbs", "csb", "sbc", "scb"]:
        result, changes = image, []
        for letter in order:
            name = next(name for name in ADJUST if name[0] == letter)
            factor = {"b": 1.5, "c": 0.7, "s": 1.9}[letter]
            result = ADJUST[name](result, factor)
            changes.append([name, factor])
        cases.append(case("color", image, result, changes=changes))
result = F.adjust_contrast(F.adjust_brightness(F.adjust_contrast(color, 1.6), 1.3), 0.8)
changes = [["contrast", 1.6], ["brightness", 1.3], ["contrast", 0.8]]
cases.append(case("color", color, result, changes=changes))

for image, (top, left, height, width) in [(color, (1, 2, 3, 4)), (gray, (0, 0, 7, 2))]:
    result = F.erase(image, top, left, height, width, torch.tensor(0.25).double())
    box = {"top": top, "left": left, "height": height, "width": width}
    cases.append(case("erase", image, result, fill=0.25, **box))

# AlexNet's colors, as fb.resnet.torch's Lighting has them.
vectors = torch.tensor(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
).double()
values = torch.tensor([0.2175, 0.0188, 0.0045]).double()
for alpha in [[0.1, 0, 0], [-0.2, 0.15, 0.3]]:
    added = (vectors * torch.tensor(alpha).double() * values).sum(1)
    cases.append(case("pca", color, color + added[:, None, None], alpha=alpha))

path = pathlib.Path(__file__).parent / "augment.json"
path.write_text(json.dumps(cases, indent=1))
