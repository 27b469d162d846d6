"""Writes networks of keras.applications with random weights as .keras and .h5, an input and the answer.

    KERAS_BACKEND=torch python tests/zoo/keras_networks.py NAME FOLDER
"""

import json
import sys

import keras
import numpy as np

name, folder = sys.argv[1:]
size = 96 if name.startswith(("Inception", "Xception")) else 64
keras.utils.set_random_seed(1)
random = np.random.default_rng(0)
model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=10)
for weight in model.weights:
    if "moving_mean" in weight.path:
        weight.assign(random.normal(size=weight.shape).astype("f4") * 0.1)
    elif "variance" in weight.path:
        weight.assign((0.5 + random.random(size=weight.shape)).astype("f4"))
for ending in ("keras", "h5"):
    model.save(f"{folder}/model.{ending}")
# Some begin by a division by 255.
x = random.random((1, size, size, 3)).astype("f4") * 255
y = keras.ops.convert_to_numpy(model(x, training=False))
with open(f"{folder}/answer.json", "w") as file:
    json.dump({"shape": list(x.shape), "x": x.ravel().tolist(), "y": y.ravel().tolist()}, file)
