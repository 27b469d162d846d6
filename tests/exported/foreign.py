"""Answers of other programs: each line of stdin is a file with an input, each of stdout its output.

python tests/zoo/foreign.py onnx|keras, with onnx, onnxruntime, keras and torch (as Keras's backend).
"""

import json
import os
import sys

import numpy as np


def onnx_answer(path, x):
    import onnx
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    onnx.checker.check_model(path, full_check=True)
    # What is folded into weights is rounded once more.
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options)
    (only,) = session.get_inputs()
    if x.ndim == 4:
        x = x.transpose(0, 3, 1, 2)
    (y,) = session.run(None, {only.name: x})
    return y.transpose(0, 2, 3, 1) if y.ndim == 4 else y


def keras_answer(path, x):
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch

    torch.backends.mkldnn.enabled = False  # Its faster convolutions round more.
    return keras.ops.convert_to_numpy(keras.models.load_model(path, compile=False)(x))


answer = {"onnx": onnx_answer, "keras": keras_answer}[sys.argv[1]]
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # What packages print is not an answer.
for line in sys.stdin:
    given = json.loads(line)
    try:
        x = np.fromfile(given["input"], dtype="<f4").reshape(given["shape"])
        y = np.ascontiguousarray(answer(given["file"], x), dtype="<f4")
        y.tofile(given["output"])
        print(json.dumps({"shape": y.shape}), file=out, flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:2000]}), file=out, flush=True)
