"""Writes hdf5_files.json: small files of h5py, good and bad, in base64.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install h5py numpy
    /tmp/venv/bin/python tests/golden/hdf5_files.py
"""

import base64
import io
import json
import pathlib

import h5py
import numpy as np


def saved(write, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as opened:
        write(opened)
    return base64.b64encode(file.getvalue()).decode()


numbers = {
    "float": np.arange(6, dtype="<f4").reshape(2, 3) / 4,
    "half": np.array([1.0, 65504.0, 6e-8], "<f2"),
    "double": np.array([1.25, -1e-30], "<f8"),
    "big": np.array([1.5, -2], ">f4"),
    "long": np.array([[1, -2]], "<i8"),
    "short": np.array([-3, 4], ">i2"),
    "byte": np.array([0, 255], "u1"),
    "scalar": np.float32(7),
    "empty": np.zeros((0, 3), "<f4"),
}


def all_kinds(file):
    for name, array in numbers.items():
        file.create_dataset(f"deep/er/{name}", data=array)
    packed = np.repeat(np.arange(5, dtype="<f4"), 100)
    file.create_dataset("packed", data=packed, compression="gzip", shuffle=True, chunks=(128,))
    file.attrs["text"] = "héllo {}"
    file.attrs["bytes"] = np.bytes_(b"bytes")
    file["deep"].attrs["names"] = np.array([b"a", b"longer"])
    file["deep"].attrs["texts"] = ["ä", "b"]
    file["deep"].attrs["count"] = 3
    file["deep/er/float"].attrs["rates"] = np.array([0.5, 0.25], "<f4")
    file["soft"] = h5py.SoftLink("/deep")
    file["deep/self"] = file["deep"]


def bad(write):
    return saved(write)


def outside_link(file):
    file["x"] = h5py.ExternalLink("/etc/passwd", "/x")


def outside_data(file):
    file.create_dataset("x", shape=(4,), dtype="u1", external=[("/etc/passwd", 0, 4)])


def device_data(file):
    file.create_dataset("x", shape=(4,), dtype="u1", external=[("/dev/stdin", 0, 4)])


def virtual_data(file):
    layout = h5py.VirtualLayout((4,), "<f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset("x", layout)


def giant(file):
    file.create_dataset("x", shape=(1 << 32,), dtype="<f4", chunks=(1 << 20,))


def giant_packed(file):
    file.create_dataset("x", shape=(1 << 40,), dtype="<f4", chunks=(1 << 20,), compression="gzip")


def texts(file):
    file.create_dataset("x", data=["a", "b"])


def complex_numbers(file):
    file.create_dataset("x", data=np.array([1 + 2j]))


files = {
    "numbers": {
        name: {"shape": list(array.shape), "values": array.astype("f8").flatten().tolist()}
        for name, array in numbers.items()
    },
    "good": {
        "earliest": saved(all_kinds),
        "latest": saved(all_kinds, libver="latest", track_order=True),
    },
    "bad": {
        "a link to another file": bad(outside_link),
        "unable to open external raw data file": bad(outside_data),
        "got dataset \"x\" that cannot be read: unable to open external raw": bad(device_data),
        "dataset \"x\" of 17179869184 bytes": bad(giant),
        "dataset \"x\" of 4398046511104 bytes": bad(giant_packed),
        "dataset \"x\", which is no numbers": bad(texts),
        "dataset \"x\", which is no numbers ": bad(complex_numbers),
        "dataset \"x\", whose numbers are in other datasets": bad(virtual_data),
    },
}
here = pathlib.Path(__file__).parent
here.joinpath("hdf5_files.json").write_text(json.dumps(files, indent=1) + "\n")
