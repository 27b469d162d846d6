"""ONNX Runtime on the CPU, all cores, on the graphs that PyTorch exports; it does not train."""

import io
import warnings

import numpy
import onnxruntime
import torch

import torch_peer

VERSION = f"onnxruntime {onnxruntime.__version__}"
TRAINS = False


def session(model, x):
    model.eval()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (x,), file, input_names=["x"], dynamo=False)
    return onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])


def runner(model, x):
    held = session(model.to(memory_format=torch.contiguous_format), x.contiguous())
    feed = {"x": numpy.ascontiguousarray(x.numpy())}
    return lambda: held.run(None, feed)[0]


def prepare(network, count, training):
    if training:
        raise ValueError("ONNX Runtime does not train")
    x, _ = torch_peer.inputs(network, count)
    infer = runner(torch_peer.build(network), x)

    def run(times):
        for _ in range(times):
            logits = infer()
        return [float(value) for value in logits[0]]

    return run


def zoo(name):
    model, side = torch_peer.zoo_model(name)
    return runner(model, torch.rand(1, 3, side, side)), None
