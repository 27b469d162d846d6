"""Writes onnx_files.json: small ONNX files with an input and what ONNX Runtime answers, and bad files.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python tests/golden/onnx_files.py
"""

import base64
import json
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(16)


def draw(*shape):
    return rng.normal(size=shape).astype(np.float32)


def b64(data):
    return base64.b64encode(data).decode()


def ints(*values):
    return np.array(values, np.int64)


def graph(nodes, shape, weights, opset, dims=None):
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims or shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    made = helper.make_graph(nodes, "g", [x], [y], tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 20 else 10
    return model


good = {}


def case(name, nodes, shape=(2, 3, 5, 7), opset=17, dims=None, x=None, **weights):
    model = graph(nodes, shape, weights, opset, dims)
    x = draw(*shape) if x is None else x
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (y,) = session.run(None, {"x": x})
    assert name not in good
    good[name] = {
        "model": b64(model.SerializeToString()),
        "xShape": list(x.shape),
        "x": b64(x.tobytes()),
        "yShape": list(y.shape),
        "y": b64(y.astype(np.float32).tobytes()),
    }


def one(op, inputs="", name=None, shape=(2, 3, 5, 7), opset=17, weights=None, x=None, **attributes):
    """A network of one node."""
    node = helper.make_node(op, ["x", *inputs.split()], ["y"], name=op.lower(), **attributes)
    case(name or op, [node], shape, opset, None, x, **(weights or {}))


n = helper.make_node

# Convolutions and pooling.
one("Conv", "w b", weights={"w": draw(4, 3, 3, 2), "b": draw(4)}, strides=[2, 1], pads=[1, 0, 1, 0])
one("Conv", "w b", "Conv, even pads", weights={"w": draw(4, 3, 3, 3), "b": draw(4)}, pads=[1, 1, 1, 1])
one("Conv", "w", "Conv, groups and dilation", shape=(1, 4, 6, 7), weights={"w": draw(6, 2, 2, 3)}, group=2, dilations=[2, 1])
one("Conv", "w", "Conv, SAME_UPPER", weights={"w": draw(2, 3, 2, 4)}, auto_pad="SAME_UPPER", strides=[2, 2])
one("Conv", "w", "Conv, SAME_LOWER", weights={"w": draw(2, 3, 2, 4)}, auto_pad="SAME_LOWER")
one("ConvTranspose", "w b", weights={"w": draw(3, 2, 3, 3), "b": draw(2)}, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 0])
one("ConvTranspose", "w", "ConvTranspose, uneven pads", weights={"w": draw(3, 2, 3, 2)}, strides=[2, 1], pads=[1, 0, 0, 1])
one("ConvTranspose", "w", "ConvTranspose, output_shape", weights={"w": draw(3, 2, 3, 3)}, strides=[2, 2], output_shape=[10, 14])
for name, auto, add in [("NOTSET", "NOTSET", 0), ("SAME_UPPER", "SAME_UPPER", 1), ("SAME_LOWER", "SAME_LOWER", 1)]:
    # 11 is where the kernels end.
    one("ConvTranspose", "w b", f"ConvTranspose, larger output_shape, {name}", weights={"w": draw(3, 2, 3, 1), "b": draw(2)}, strides=[2, 3], output_shape=[11 + add, 20], auto_pad=auto)
one("ConvTranspose", "w", "ConvTranspose, groups", shape=(1, 4, 3, 5), weights={"w": draw(4, 3, 2, 2)}, group=2)
one("MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 0, 1])
one("MaxPool", name="MaxPool, ceil_mode", kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1)
one("MaxPool", name="MaxPool, dilations", kernel_shape=[2, 3], dilations=[2, 2], strides=[1, 2], pads=[1, 1, 1, 1])
one("MaxPool", name="MaxPool, SAME_UPPER", kernel_shape=[2, 2], auto_pad="SAME_UPPER", strides=[2, 2])
one("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
one("AveragePool", name="AveragePool, count_include_pad", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
one("AveragePool", name="AveragePool, uneven pads", kernel_shape=[3, 2], strides=[2, 2], pads=[0, 0, 2, 1])
one("AveragePool", name="AveragePool, uneven pads that count", kernel_shape=[3, 2], pads=[0, 0, 2, 1], count_include_pad=1)
one("GlobalAveragePool")
one("GlobalMaxPool")

# Functions of each number.
for op in ["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign", "HardSigmoid", "HardSwish", "Exp", "Abs", "Neg", "Erf", "Identity", "Reciprocal"]:
    one(op, shape=(1, 3, 2, 3))
one("Sqrt", shape=(1, 2, 2, 3), x=np.abs(draw(1, 2, 2, 3)))
one("Log", shape=(1, 2, 2, 3), x=np.abs(draw(1, 2, 2, 3)) + 0.5)
one("Mish", shape=(1, 2, 2, 3), opset=18)
one("Gelu", shape=(1, 2, 2, 3), opset=20)
one("Gelu", name="Gelu, tanh", shape=(1, 2, 2, 3), opset=20, approximate="tanh")
one("Elu", name="Elu, alpha", shape=(1, 2, 2, 3), alpha=0.7)
one("Selu", name="Selu, alpha and gamma", shape=(1, 2, 2, 3), alpha=1.5, gamma=0.9)
one("HardSigmoid", name="HardSigmoid, a sixth", shape=(1, 2, 2, 3), alpha=1 / 6)
one("Clip", "low high", shape=(1, 2, 2, 3), weights={"low": np.float32(-0.5), "high": np.float32(0.75)})
one("Clip", "low high", "Clip, no range", shape=(1, 2, 2, 3), weights={"low": np.float32(0.5), "high": np.float32(0.2)})
one("Clip", "low", "Clip, from below", shape=(1, 2, 2, 3), weights={"low": np.float32(-0.5)})
one("Clip", name="Clip, attributes", shape=(1, 2, 2, 3), opset=7, min=0.0, max=6.0)
one("PRelu", "s", weights={"s": draw(3, 1, 1)}, shape=(1, 3, 2, 3))
one("PRelu", "s", "PRelu, one slope", weights={"s": draw(1)}, shape=(1, 3, 2, 3))
one("Dropout", shape=(1, 3, 2, 3))
one("Cast", shape=(1, 2, 2, 3), to=1)
one("Softmax", axis=1)
one("Softmax", name="Softmax, last axis")
one("Softmax", name="Softmax, all axes of old", opset=9, shape=(2, 3, 2, 5))
one("LogSoftmax", axis=2)

# Normalization and sums.
stats = {"s": draw(3), "b": draw(3), "m": draw(3), "v": np.abs(draw(3)) + 0.5}
one("BatchNormalization", "s b m v", weights=stats, epsilon=1e-3)
one("BatchNormalization", "s b m v", "BatchNormalization, of vectors", shape=(4, 3), weights=stats)
one("InstanceNormalization", "s b", weights={"s": draw(3), "b": draw(3)})
one("LRN", size=3, alpha=0.2, beta=0.6, bias=1.5, shape=(1, 5, 2, 3))
for op in ["Add", "Sub", "Mul", "Div"]:
    one(op, "c", f"{op}, by channel", weights={"c": draw(3, 1, 1) + 3})
    case(f"{op}, constant first", [n(op, ["c", "x"], ["y"])], (1, 3, 2, 3), c=draw(1, 1, 2, 3), x=draw(1, 3, 2, 3) + 5)
    case(f"{op}, number first", [n(op, ["c", "x"], ["y"])], (1, 3, 2, 3), c=np.float32(1.5), x=draw(1, 3, 2, 3) + 5)
    case(
        f"{op}, of two that are computed",
        [n("Exp", ["x"], ["e"]), n("ReduceMean", ["e"], ["m"], axes=[2, 3]), n(op, ["x", "m"], ["y"])],
    )
one("Pow", "c", weights={"c": np.float32(2)}, shape=(1, 2, 2, 3), x=np.abs(draw(1, 2, 2, 3)))
case("Sum", [n("Relu", ["x"], ["a"]), n("Tanh", ["x"], ["b"]), n("Sum", ["a", "b", "x"], ["y"])])
case("Max", [n("Tanh", ["x"], ["a"]), n("Max", ["a", "x"], ["y"])])
for axis in [1, 2, -1]:
    case(f"Concat, axis {axis}", [n("Tanh", ["x"], ["a"]), n("Concat", ["a", "x"], ["y"], axis=axis)], (2, 3, 2, 5))
one("Gemm", "w b", shape=(3, 5), weights={"w": draw(5, 4), "b": draw(4)}, alpha=0.5, beta=2.0)
one("Gemm", "w", "Gemm, transposed", shape=(3, 5), weights={"w": draw(4, 5)}, transB=1)
case("MatMul", [n("MatMul", ["x", "w"], ["h"]), n("Add", ["h", "b"], ["y"])], (3, 5), w=draw(5, 4), b=draw(4))
case("Flatten and Gemm", [n("Flatten", ["x"], ["f"]), n("Gemm", ["f", "w"], ["y"])], (2, 3, 2, 5), w=draw(30, 4))
case(
    "Flatten, BatchNormalization and Gemm",
    [n("Flatten", ["x"], ["f"]), n("BatchNormalization", ["f", "s", "b", "m", "v"], ["h"]), n("Gemm", ["h", "w"], ["y"])],
    (2, 3, 2, 2), s=draw(12), b=draw(12), m=draw(12), v=np.abs(draw(12)) + 0.5, w=draw(12, 4),
)
case(
    "Reshape to vectors and back",
    [n("Reshape", ["x", "s"], ["f"]), n("Relu", ["f"], ["r"]), n("Reshape", ["r", "t"], ["h"]), n("Conv", ["h", "w"], ["y"])],
    (2, 3, 2, 5), s=ints(0, -1), t=ints(0, 3, 2, 5), w=draw(2, 3, 1, 1),
)

# Shapes.
one("Flatten", shape=(2, 3, 2, 5))
one("Reshape", "s", shape=(2, 4, 3, 5), weights={"s": ints(0, 2, 6, -1)})
one("Transpose", perm=[0, 2, 3, 1], shape=(2, 3, 2, 5))
one("Transpose", name="Transpose, height and width", perm=[0, 1, 3, 2], shape=(2, 3, 2, 5))
one("Unsqueeze", "a", shape=(2, 3), weights={"a": ints(2, 3)})
one("Squeeze", "a", shape=(2, 3, 1, 4), weights={"a": ints(2)})
case(
    "channels shuffled",
    [n("Reshape", ["x", "s"], ["a"]), n("Transpose", ["a"], ["b"], perm=[0, 2, 1, 3, 4]), n("Reshape", ["b", "t"], ["c"]), n("Conv", ["c", "w"], ["y"])],
    (1, 6, 2, 3), s=ints(0, 3, 2, 2, 3), t=ints(0, 6, 2, 3), w=draw(2, 6, 1, 1),
)
for op in ["ReduceMean", "ReduceMax", "ReduceMin"]:
    one(op, name=f"{op}, height and width", axes=[2, 3], keepdims=0)
    one(op, name=f"{op}, channels", axes=[1])
one("ReduceMean", "a", "ReduceMean, version 18", opset=18, weights={"a": ints(-1)})
one("ReduceSum", "a", weights={"a": ints(1, 3)}, keepdims=0)
one("ReduceSum", "a", "ReduceSum, of no axes", weights={"a": ints()}, noop_with_empty_axes=1)
case("a number that becomes a bool", [n("Cast", ["c"], ["t"], to=TensorProto.BOOL), n("Cast", ["t"], ["f"], to=TensorProto.FLOAT), n("Mul", ["x", "f"], ["y"])], (1, 2, 2, 3), c=ints(5))
case("rests", [n("Mod", ["a", "b"], ["m"], fmod=1), n("Mul", ["x", "m"], ["y"])], (1, 2, 2, 3), a=np.array([-5.0, 5.0, -5.5], np.float32), b=np.array([3.0, -3.0, 2.0], np.float32))
one("Pad", "p", weights={"p": ints(0, 0, 1, 2, 0, 0, 0, 1)}, shape=(1, 2, 3, 4))
one("Pad", "p c", "Pad, a number, channels", weights={"p": ints(0, 1, 1, 2, 0, 0, 0, 1), "c": np.float32(1.5)}, shape=(1, 2, 3, 4))
one("Pad", "p", "Pad, reflect", weights={"p": ints(0, 0, 1, 2, 0, 0, 0, 1)}, shape=(1, 2, 3, 4), mode="reflect")
one("Pad", "p", "Pad, edge", weights={"p": ints(0, 0, 1, 2, 0, 0, 0, 1)}, shape=(1, 2, 3, 4), mode="edge")
one("Slice", "s e a", weights={"s": ints(1, -4), "e": ints(3, 100), "a": ints(1, 3)}, shape=(2, 4, 3, 5))
one("Slice", name="Slice, attributes", opset=9, starts=[1], ends=[3], axes=[2], shape=(1, 2, 4, 3))
one("Gather", "i", weights={"i": np.array(-1, np.int64)}, axis=1, shape=(2, 4, 3, 5))
case("Split", [n("Split", ["x", "s"], ["a", "b"], axis=1), n("Concat", ["b", "a"], ["y"], axis=1)], (1, 4, 2, 3), s=ints(1, 3))
one("DepthToSpace", blocksize=2, shape=(1, 8, 2, 3))
one("DepthToSpace", name="DepthToSpace, CRD", blocksize=2, mode="CRD", shape=(1, 8, 2, 3))
one("SpaceToDepth", blocksize=2, shape=(1, 2, 4, 6))
scales = {"r": np.zeros(0, np.float32), "k": np.array([1, 1, 2, 3], np.float32)}
for mode, placed in [("nearest", "asymmetric"), ("nearest", "half_pixel"), ("linear", "half_pixel"), ("linear", "align_corners"), ("linear", "asymmetric"), ("linear", "pytorch_half_pixel")]:
    extra = {"nearest_mode": "floor"} if placed == "asymmetric" else {}
    one("Resize", "r k", f"Resize, {mode}, {placed}", weights=scales, shape=(1, 2, 2, 3), mode=mode, coordinate_transformation_mode=placed, **extra)
case("Resize, sizes", [n("Resize", ["x", "", "", "z"], ["y"], mode="linear")], (1, 2, 3, 4), z=ints(1, 2, 5, 7))
one("Upsample", "k", opset=9, weights={"k": np.array([1, 1, 2, 2], np.float32)}, shape=(1, 2, 2, 3))
one("Upsample", name="Upsample, attributes", opset=7, scales=[1.0, 1.0, 2.0, 2.0], shape=(1, 2, 2, 3), mode="linear")

# Constants that are computed, other types of numbers, sizes that the file leaves open.
case(
    "shapes that are computed",
    [
        n("Conv", ["x", "w"], ["h"]),
        n("Shape", ["h"], ["s"]),
        n("Constant", [], ["zero"], value=numpy_helper.from_array(np.array(0, np.int64))),
        n("Gather", ["s", "zero"], ["batch"], axis=0),
        n("Constant", [], ["axes"], value_ints=[0]),
        n("Unsqueeze", ["batch", "axes"], ["first"]),
        n("Constant", [], ["rest"], value_ints=[-1]),
        n("Concat", ["first", "rest"], ["to"], axis=0),
        n("Reshape", ["h", "to"], ["f"]),
        n("Gemm", ["f", "v"], ["y"]),
    ],
    (1, 2, 3, 3), dims=["batch", 2, 3, 3], w=draw(2, 2, 2, 2), v=draw(8, 3),
)
case(
    "weights that are computed",
    [
        n("ConstantOfShape", ["s"], ["half"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [0.25])),
        n("Cast", ["half64"], ["b"], to=TensorProto.FLOAT),
        n("Transpose", ["t"], ["w2"], perm=[1, 0, 2, 3]),
        n("Conv", ["x", "half", "b"], ["h"]),
        n("Conv", ["h", "w2"], ["y"]),
    ],
    (1, 2, 3, 3), s=ints(2, 2, 2, 2), half64=np.array([0.5, -1]), t=draw(2, 3, 1, 1),
)
half = {"w": draw(2, 2, 2, 2).astype(np.float16)}
case("weights in float16", [n("Cast", ["w"], ["f"], to=1), n("Conv", ["x", "f"], ["y"])], (1, 2, 3, 3), **half)

# Products of rows and of what the network computes: attention of two heads, whose batch is turned around.
case("MatMul of rows", [n("MatMul", ["x", "w"], ["h"]), n("Add", ["h", "b"], ["y"])], (2, 5, 3), w=draw(3, 4), b=draw(4))
case("MatMul of an image's rows", [n("MatMul", ["x", "w"], ["y"])], (2, 3, 4, 5), w=draw(5, 2))
case(
    "MatMul of computed matrices",
    [n("Tanh", ["x"], ["a"]), n("Transpose", ["a"], ["t"], perm=[0, 1, 3, 2]), n("MatMul", ["x", "t"], ["y"])],
    (2, 3, 4, 5),
)
parts = [
    node
    for i, name in enumerate("qkv")
    for node in (
        n("Slice", ["turned", f"from{i}", f"to{i}", "first"], [f"{name}1"]),
        n("Squeeze", [f"{name}1", "first"], [name]),
    )
]
case(
    "attention",
    [
        n("MatMul", ["x", "w"], ["h"]),
        n("Reshape", ["h", "sizes"], ["parted"]),
        n("Transpose", ["parted"], ["turned"], perm=[2, 0, 3, 1, 4]),
        *parts,
        n("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]),
        n("MatMul", ["q", "kt"], ["scores"]),
        n("Softmax", ["scores"], ["shares"], axis=-1),
        n("MatMul", ["shares", "v"], ["mixed"]),
        n("Transpose", ["mixed"], ["back"], perm=[0, 2, 1, 3]),
        n("Reshape", ["back", "joined"], ["y"]),
    ],
    (1, 5, 6),
    w=draw(6, 18), sizes=ints(0, 5, 3, 2, 3), joined=ints(0, 5, 6), first=ints(0),
    from0=ints(0), to0=ints(1), from1=ints(1), to1=ints(2), from2=ints(2), to2=ints(3),
)

# Softmaxes at the end, of which those alone are left out whose logits say the probabilities.
files, good = good, {}
case("of vectors", [n("Softmax", ["x"], ["y"], axis=1)], (2, 5))
case("of channels", [n("Softmax", ["x"], ["y"], axis=1)])
case("of rows", [n("Softmax", ["x"], ["y"])], (2, 4, 3))
case("of channels of one pixel, flattened", [n("GlobalAveragePool", ["x"], ["p"]), n("Softmax", ["p"], ["s"], axis=1), n("Flatten", ["s"], ["y"])])
case("of all, flattened", [n("Softmax", ["x"], ["s"], axis=1), n("Flatten", ["s"], ["y"])], opset=11)
left_out, good = good, {}
case("of rows of pixels", [n("Softmax", ["x"], ["y"], axis=2)], (2, 3, 3, 7))
case("of columns of pixels", [n("Softmax", ["x"], ["y"])], (2, 3, 5, 3))
case("of all", [n("Softmax", ["x"], ["y"], axis=1)], opset=11)
case("of channels, flattened", [n("Softmax", ["x"], ["s"], axis=1), n("Flatten", ["s"], ["y"])])
case("of the first axis of rows", [n("Softmax", ["x"], ["y"], axis=1)], (2, 4, 3))
kept, good = good, files

bad = {}


def refuse(name, nodes, shape=(1, 2, 3, 3), opset=17, change=None, **weights):
    model = graph(nodes, shape, weights, opset)
    if change:
        change(model)
    bad[name] = b64(model.SerializeToString())


def external(location):
    def change(model):
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, "offset": "0", "length": "32"}.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
    return change


conv = [n("Conv", ["x", "w"], ["y"], name="first")]
kernel = {"w": draw(2, 2, 1, 2)}
refuse("circle", [n("Add", ["x", "b"], ["a"], name="one"), n("Relu", ["a"], ["b"], name="two"), n("Relu", ["b"], ["y"])])
refuse("two of \"y\"", [n("Relu", ["x"], ["y"]), n("Tanh", ["x"], ["y"])])
refuse("none of \"nowhere\"", [n("Add", ["x", "nowhere"], ["y"])])
refuse(
    "com.other.Magic (2 × : \"wand\", \"hat\"); NonMaxSuppression (1 × : \"boxes\")",
    [
        n("Magic", ["x"], ["a"], name="wand", domain="com.other"),
        n("Magic", ["a"], ["b"], name="hat", domain="com.other"),
        n("NonMaxSuppression", ["b"], ["c"], name="boxes"),
        n("Relu", ["c"], ["y"]),
    ],
)
refuse("\"all\" (ReduceSum) must name the axes that it reduces", [n("ReduceSum", ["x", "a"], ["y"], name="all")], a=ints())
refuse("\"first\" (Conv) must have a kernel for 2 channels", conv, w=draw(2, 3, 1, 1))
refuse("of a type of numbers, got type 77", conv, change=lambda m: setattr(m.graph.initializer[0], "data_type", 77), **kernel)
refuse("have the numbers of [2,2,1,2000000000]", conv, change=lambda m: m.graph.initializer[0].dims.__setitem__(3, 2000000000), **kernel)
refuse("of version 6 or later, got 5", conv, change=lambda m: setattr(m.opset_import[0], "version", 5), **kernel)
refuse("no version of the standard operators", conv, change=lambda m: m.ClearField("opset_import"), **kernel)
refuse("it must have one input, got 0", [n("Identity", ["w"], ["y"])], change=lambda m: m.graph.ClearField("input"), **kernel)
refuse("it must have one output, got 2", [n("Relu", ["x"], ["y"])], change=lambda m: m.graph.output.append(m.graph.input[0]))
refuse("got \"../../etc/passwd\"", conv, change=external("../../etc/passwd"), **kernel)
refuse("got \"/etc/passwd\"", conv, change=external("/etc/passwd"), **kernel)
refuse("\"much\" (ConstantOfShape)", [n("ConstantOfShape", ["s"], ["m"], name="much0"), n("Expand", ["m", "s"], ["e"], name="much"), n("Add", ["x", "e"], ["y"])], s=ints(100000, 100000, 10))
bad["\"much\" (Expand)"] = bad.pop("\"much\" (ConstantOfShape)")
refuse("the first output alone can be taken, got \"mask\"", [n("MaxPool", ["x"], ["p", "mask"], kernel_shape=[2, 2], name="pool"), n("Cast", ["mask"], ["f"], to=1), n("Add", ["p", "f"], ["y"])])
links = b64(graph(conv, (1, 2, 3, 3), kernel, 17).SerializeToString())
beside = graph(conv, (1, 2, 3, 3), kernel, 17)
numbers = beside.graph.initializer[0].raw_data
external("weights/first.bin")(beside)

# A whole network, as PyTorch exports one: for what is done with it.
network = graph(
    [
        n("Conv", ["x", "conv.weight", "conv.bias"], ["h1"], name="/body/conv/Conv", pads=[1, 1, 1, 1]),
        n("BatchNormalization", ["h1", "s", "b", "m", "v"], ["h2"], name="/body/norm/BatchNormalization"),
        n("Relu", ["h2"], ["h3"], name="/body/Relu"),
        n("Conv", ["h3", "w2"], ["h4"], name="body/Relu", pads=[1, 1, 1, 1]),
        n("Add", ["h3", "h4"], ["h5"]),
        n("GlobalAveragePool", ["h5"], ["h6"], name="7"),
        n("Flatten", ["h6"], ["h7"]),
        n("Gemm", ["h7", "head.weight", "head.bias"], ["logits"], name="/head/Gemm", transB=1),
        n("Softmax", ["logits"], ["y"], axis=1),
    ],
    (1, 3, 8, 8),
    {
        "conv.weight": draw(4, 3, 3, 3), "conv.bias": draw(4), "s": draw(4), "b": draw(4), "m": draw(4), "v": np.abs(draw(4)) + 0.5,
        "w2": draw(4, 4, 3, 3), "head.weight": draw(3, 4), "head.bias": draw(3),
    },
    17,
    ["batch", 3, "height", "width"],
)
pixels = rng.random((1, 3, 9, 7), np.float32)
(answer,) = onnxruntime.InferenceSession(network.SerializeToString()).run(None, {"x": pixels})

with open(os.path.join(os.path.dirname(__file__), "onnx_files.json"), "w") as file:
    json.dump(
        {
            "good": good,
            "leftOut": left_out,
            "kept": kept,
            "bad": bad,
            "network": {
                "model": b64(network.SerializeToString()),
                "x": b64(pixels.tobytes()),
                "xShape": list(pixels.shape),
                "y": b64(answer.tobytes()),
            },
            "external": {"model": b64(beside.SerializeToString()), "plain": links, "numbers": b64(numbers)},
        },
        file,
        indent=2,
    )
    file.write("\n")
print(len(good), "good,", len(bad), "bad")
