"""The folder of photos that photo_speed.ts reads, and how many a second Pillow reads of it."""

import glob
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from PIL import Image


def make(source, folder):
    for kind in ("jpg", "png"):
        for path in sorted(glob.glob(f"{source}/*.png")):
            image = Image.open(path).convert("RGB")
            name = os.path.basename(path)[:-4]
            os.makedirs(f"{folder}/{kind}/{name}")
            for i in range(32):
                image.save(f"{folder}/{kind}/{name}/{i:02}.{kind}", quality=90)


def read(path):
    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.BILINEAR)
    x, y = random.randint(0, image.width - 224), random.randint(0, image.height - 224)
    image = image.crop((x, y, x + 224, y + 224))
    if random.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    return image.tobytes()


def measure(folder):
    for kind in ("jpg", "png"):
        paths = sorted(glob.glob(f"{folder}/{kind}/*/*"))
        for processes in (1, 2):
            with ProcessPoolExecutor(processes) as pool:
                run = lambda: list(map(read, paths) if processes == 1 else pool.map(read, paths, chunksize=4))
                run()
                began = time.perf_counter()
                run()
                rate = len(paths) / (time.perf_counter() - began)
                print(f"Pillow  {kind}  {processes} processes: {rate:.0f} images/s")


if __name__ == "__main__":
    make(*sys.argv[2:]) if sys.argv[1] == "make" else measure(sys.argv[2])
