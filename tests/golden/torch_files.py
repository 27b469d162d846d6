"""Writes torch_files.json: small files of torch.save, good and bad, in base64.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install torch numpy
    /tmp/venv/bin/python tests/golden/torch_files.py
"""

import argparse
import base64
import collections
import io
import json
import os
import pathlib
import pickle

import torch

torch.manual_seed(0)


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return base64.b64encode(file.getvalue()).decode()


def numbers(tensor):
    kind = "float32" if tensor.is_floating_point() else "bool" if tensor.dtype == torch.bool else "int32"
    return {"dtype": kind, "shape": list(tensor.shape), "values": tensor.to(torch.float64).flatten().tolist()}


base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
tensors = collections.OrderedDict(
    weight=torch.randn(3, 2, 1, 2),
    bias=torch.tensor([1.5, -0.0, 3e38]),
    half=torch.tensor([1.0, 65504.0, 6e-8]).half(),
    brain=torch.tensor([1.0, 3e38, -2.5]).bfloat16(),
    double=torch.tensor([1.25, -1e-30], dtype=torch.float64),
    whole=torch.tensor([[1, -2], [2**31 - 1, -(2**31)]]),
    short=torch.tensor([-3, 4], dtype=torch.int16),
    byte=torch.tensor([0, 255], dtype=torch.uint8),
    truth=torch.tensor([True, False, True]),
    scalar=torch.tensor(7),
    empty=torch.zeros(0, 3),
    turned=base.permute(2, 0, 1),
    part=base[1, 1:, ::2],
    repeated=torch.tensor([5.0]).expand(2, 3),
    parameter=torch.nn.Parameter(torch.tensor([0.5])),
)
module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/neocog-was-run",)


checkpoint = {
    "epoch": 3,
    "best": 0.5,
    "optimizer": {"state": {0: {"step": torch.tensor(4.0)}}, "param_groups": [{"lr": 0.1}]},
    "state_dict": module.state_dict(),
}
script = io.BytesIO()
torch.jit.save(torch.jit.trace(torch.nn.ReLU(), torch.zeros(1)), script)
good = {
    "zip": saved(tensors),
    "legacy": saved(tensors, _use_new_zipfile_serialization=False),
    "protocol 4": saved(tensors, pickle_protocol=4),
    "checkpoint": saved(checkpoint),
    "legacy checkpoint": saved(checkpoint, _use_new_zipfile_serialization=False),
}
bad = {
    "posix.system": saved({"weight": torch.zeros(1), "evil": Evil()}),
    "argparse.Namespace": saved({"args": argparse.Namespace(lr=1), "state_dict": module.state_dict()}),
    "torch.nn.modules.container.Sequential": saved(module),
    "another pickle": base64.b64encode(pickle.dumps({"a": 1}, protocol=2)).decode(),
    "TorchScript": base64.b64encode(script.getvalue()).decode(),
    "a dictionary with epoch, names": saved({"epoch": 3, "names": ["a"]}),
    "another value": saved([torch.zeros(1)]),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(
    json.dumps(
        {
            "torch": torch.__version__,
            "tensors": {name: numbers(tensor) for name, tensor in tensors.items()},
            "module": {name: numbers(tensor) for name, tensor in module.state_dict().items()},
            "good": good,
            "bad": bad,
        },
        indent=1,
    )
    + "\n"
)
print(f"{path}: {path.stat().st_size} bytes")
