"""Writes keras2_files.json: a model that Keras 2 itself wrote, with an input and what it answers.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install tensorflow-cpu tf_keras
    /tmp/venv/bin/python tests/golden/keras2_files.py && deno fmt tests/golden
"""

import base64
import gzip
import json
import pathlib
import tempfile

import numpy as np
import tf_keras as keras
from tf_keras import layers as L

random = np.random.default_rng(0)


def packed(array):
    return {"shape": list(array.shape), "values": base64.b64encode(np.asarray(array, "<f4").tobytes()).decode()}


def model():
    """Models in a model, one of them called twice, and operators with numbers."""
    inner = keras.Input((6, 6, 3))
    block = keras.Model(inner, L.Add()([inner, L.Conv2D(3, 3, padding="same", name="conv")(inner)]), name="block")
    deep = keras.Sequential([keras.Input((6, 6, 3)), L.Conv2D(4, 1, name="mix"), L.BatchNormalization(name="norm")], name="deep")
    late = keras.Sequential([L.GlobalAveragePooling2D(), L.Dense(3, name="dense")], name="late")
    x = keras.Input((6, 6, 3))
    y = 1.0 - block(block(x)) + np.array([0.5, -1.0, 2.0], "f4")
    return keras.Model(x, late(deep(y)))


network = model()
for weight in network.weights:
    value = random.normal(size=weight.shape).astype("f4") * 0.5
    weight.assign(np.abs(value) + 0.5 if "variance" in weight.name else value)
x = random.normal(size=(2, 6, 6, 3)).astype("f4")
whole = {}
with tempfile.TemporaryDirectory() as folder:
    for ending in ("h5", "keras"):
        path = pathlib.Path(folder) / f"model.{ending}"
        network.save(path)
        whole[ending] = base64.b64encode(gzip.compress(path.read_bytes(), 9, mtime=0)).decode()

pathlib.Path(__file__).parent.joinpath("keras2_files.json").write_text(json.dumps({
    "version": keras.__version__,
    "whole": whole,
    "x": packed(x),
    "y": packed(np.asarray(network(x, training=False))),
}))
