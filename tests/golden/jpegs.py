"""Writes jpegs.json: JPEG files that Pillow made, and the pixels it reads from them.

    /tmp/venv/bin/pip install pillow numpy
    apt-get install libjpeg-turbo-progs # cjpeg
    /tmp/venv/bin/python tests/golden/jpegs.py && deno fmt tests/golden

The pictures are drawn here: waves of all lengths, the long ones high as in a photo. Pixels are
kept as a PNG of Pillow's result, turned upright. Made with Pillow 13.0.0.
"""

import base64
import io
import json
import pathlib
import subprocess

import numpy
from PIL import Image, ImageOps

random = numpy.random.default_rng(12)


def photo(width, height):
    """Colors like a photo's, 0 to 255: amplitudes fall with the frequency."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = []
    for _ in range(3):
        plane = numpy.zeros((height, width))
        for _ in range(60):
            frequency = 0.01 * 30 ** random.random()
            angle, phase = 2 * numpy.pi * random.random(2)
            direction = numpy.cos(angle) * x + numpy.sin(angle) * y
            plane += 0.01 / frequency * numpy.sin(2 * numpy.pi * frequency * direction + phase)
        planes.append(plane)
    gray = planes[0]
    colors = numpy.stack([gray + 0.4 * planes[1], gray, gray + 0.4 * planes[2]], -1)
    colors = (colors - colors.mean()) / colors.std() * 55 + 128
    return Image.fromarray(colors.clip(0, 255).round().astype(numpy.uint8))


def encoded(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def base64_of(data):
    return base64.b64encode(data).decode()


cases = []


def by_cjpeg(image, *options):
    """A file with what Pillow does not write."""
    ppm = encoded(image, format="PPM")
    return subprocess.run(["cjpeg", *options], input=ppm, stdout=subprocess.PIPE, check=True).stdout


def case(name, image, transform=None, **options):
    case_of(name, encoded(image, format="JPEG", **{"quality": 90, **options}), transform)


def case_of(name, data, transform=None):
    if transform is not None:
        # The Adobe marker's last byte: Pillow writes no YCCK, but reads the same numbers as such.
        at = data.index(b"Adobe") + 11
        data = data[:at] + bytes([transform]) + data[at + 1 :]
    read = Image.open(io.BytesIO(data))
    read = ImageOps.exif_transpose(read)
    if read.mode == "CMYK":
        read = read.convert("RGB")
    png = encoded(read, format="PNG", optimize=True)
    cases.append({"name": name, "jpeg": base64_of(data), "png": base64_of(png)})


picture = photo(53, 41)
for subsampling in ["4:4:4", "4:2:2", "4:2:0"]:
    case(f"color {subsampling}", picture, subsampling=subsampling)
    case(f"progressive {subsampling}", picture, subsampling=subsampling, progressive=True)
case("rgb without a transform", picture, keep_rgb=True)
gray = picture.convert("L")
case("gray", gray)
case("gray progressive", gray, progressive=True)
case("gray with restarts", gray, restart_marker_blocks=5)
case("color with restarts", picture, subsampling="4:2:0", restart_marker_blocks=3)
case("progressive with restarts", picture, progressive=True, restart_marker_blocks=4)
case("cmyk", picture.convert("CMYK"))
case("ycck", picture.convert("CMYK"), transform=2)
case("one pixel", picture.crop((0, 0, 1, 1)))
case("one gray pixel", gray.crop((0, 0, 1, 1)))
small = photo(19, 11).convert("L")
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    case(f"orientation {orientation}", small, exif=exif)
for size in [(53, 41), (3, 5), (1, 2)]:
    for factors in ["1x2,1x1,1x1", "4x1,1x1,1x1", "2x2,2x1,1x2", "3x1,1x1,1x1"]:
        part = picture.crop((0, 0, *size))
        name = f"sampling {factors} of {size[0]} x {size[1]}"
        case_of(name, by_cjpeg(part, "-sample", factors))
tiny = picture.crop((0, 0, 2, 3))
case("color 4:2:0 of 2 x 3", tiny, subsampling="4:2:0")
case("color 4:2:2 of 2 x 3", tiny, subsampling="4:2:2")
noise = Image.fromarray(random.integers(0, 256, (17, 23, 3), dtype=numpy.uint8))
case("noise of the best quality", noise, quality=100, subsampling="4:4:4")
case("noise of the worst quality", noise, quality=1)
case("progressive noise", noise, quality=100, progressive=True)

file = pathlib.Path(__file__).parent / "jpegs.json"
file.write_text(json.dumps(cases, indent=2) + "\n")
