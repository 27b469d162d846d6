"""Writes preprocess.json: what torchvision's transforms make of pictures.

    /tmp/venv/bin/pip install torch torchvision pillow numpy
    /tmp/venv/bin/python tests/golden/preprocess.py

The pictures are one of jpegs.json (its PNG) and the photos of ../shared/data, of which nothing
is copied but the numbers at 150 places, drawn by lot, after the corners. Pixels go through
PIL's resize in 8 bits, so they are rounded twice. Made with torchvision 0.29, Pillow 13.0.0.
"""

import base64
import io
import json
import pathlib
import random

from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

here = pathlib.Path(__file__).parent
photos = here.parents[2] / "shared" / "data" / "photos"
random.seed(4)


def wave():
    jpegs = json.loads((here / "jpegs.json").read_text())
    png = next(case["png"] for case in jpegs if case["name"] == "color 4:4:4")
    return Image.open(io.BytesIO(base64.b64decode(png)))


def case(picture, image, resize, crop, mean, std, filter="bilinear"):
    steps = [transforms.CenterCrop(crop), transforms.ToTensor(), transforms.Normalize(mean, std)]
    if resize:
        mode = InterpolationMode.BICUBIC if filter == "bicubic" else InterpolationMode.BILINEAR
        steps.insert(0, transforms.Resize(resize, mode))
    values = transforms.Compose(steps)(image).permute(1, 2, 0)  # [H, W, C]
    height, width, _ = values.shape
    places = [(0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)]
    places += [(random.randrange(height), random.randrange(width)) for _ in range(150)]
    return {
        "picture": picture,
        "how": {"resize": resize, "filter": filter, "crop": crop, "mean": mean, "std": std},
        "places": " ".join(f"{y} {x}" for y, x in places),
        "values": " ".join(f"{value:.5f}" for y, x in places for value in values[y, x].tolist()),
    }


imagenet = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
half = [0.5] * 3, [0.5] * 3
plain = [0.0] * 3, [1.0] * 3
cases = [
    case("wave", wave(), 20, [16, 16], *plain),
    case("wave", wave(), 100, [77, 90], *plain),
    case("wave", wave(), 27, [20, 21], *plain, "bicubic"),
    case("wave", wave(), 60, [60, 60], *plain, "bicubic"),
    case("wave", wave(), None, [32, 40], *plain),
]
for name in ["chelsea", "coffee", "astronaut"]:
    photo = Image.open(photos / f"{name}.png").convert("RGB")
    cases.append(case(name, photo, 256, [224, 224], *imagenet))
    cases.append(case(name, photo, 342, [299, 299], *half))

(here / "preprocess.json").write_text(json.dumps(cases, indent=2) + "\n")
