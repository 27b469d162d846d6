"""The first parameters and the batch that all peers begin with, as beginning.ts makes them."""

import math

import numpy


class Stream:
    """Numbers in [0, 1): Mulberry32, as beginning.ts draws them."""

    def __init__(self, seed):
        self.state = seed

    def draw(self, count):
        with numpy.errstate(over="ignore"):
            steps = numpy.arange(1, count + 1, dtype=numpy.uint32)
            state = numpy.uint32(self.state) + steps * numpy.uint32(0x6D2B79F5)
            self.state = int(state[-1]) if count else self.state
            mixed = (state ^ (state >> numpy.uint32(15))) * (state | numpy.uint32(1))
            mixed ^= mixed + (mixed ^ (mixed >> numpy.uint32(7))) * (mixed | numpy.uint32(61))
            mixed ^= mixed >> numpy.uint32(14)
        return mixed.astype(numpy.float64) / 2**32


def first_parameters(network):
    """The parameters by layer: a list as long as the layers that hold any, in their order."""
    stream = Stream(1)
    parameters = []

    def drawn(shape, mean=0.0, half=0.1):
        values = mean + half * (2 * stream.draw(math.prod(shape)) - 1)
        return values.astype(numpy.float32).reshape(shape)

    def kernel(shape):
        return drawn(shape, 0.0, math.sqrt(6 / math.prod(shape[:-1])))

    def walk(shape, layer):
        op = layer["op"]
        if op == "pad":
            return [shape[0] + 2 * layer["pixels"], shape[1] + 2 * layer["pixels"], shape[2]]
        if op == "conv":
            size, features = layer["size"], layer["features"]
            weight = kernel([size, size, shape[2], features])
            held = {"weight": weight.transpose(3, 2, 0, 1).copy()}
            if layer["bias"]:
                held["bias"] = drawn([features])
            parameters.append(held)
            sides = [(side + 2 * layer["padding"] - size) // layer["stride"] + 1 for side in shape[:2]]
            return [*sides, features]
        if op == "batchNorm":
            parameters.append({"weight": drawn([shape[2]], 1.0), "bias": drawn([shape[2]])})
            return shape
        if op == "dense":
            inputs = math.prod(shape)
            weight = kernel([inputs, layer["features"]])
            if len(shape) == 3:  # Rows are in the order H, W, C; ours are channels first.
                weight = weight.reshape(*shape, -1).transpose(2, 0, 1, 3).reshape(inputs, -1)
            parameters.append({"weight": weight.T.copy(), "bias": drawn([layer["features"]])})
            return [layer["features"]]
        if op == "maxPool":
            return [shape[0] // 2, shape[1] // 2, shape[2]]
        if op == "globalMeanPool":
            return [shape[2]]
        if op == "residual":
            for each in layer["body"]:
                shape = walk(shape, each)
        return shape

    shape = network["inputShape"]
    for layer in network["layers"]:
        shape = walk(shape, layer)
    return parameters


def first_batch(network, count):
    """Images [N, C, H, W] and classes [N]."""
    shape = [count, *network["inputShape"]]
    images = Stream(2).draw(math.prod(shape)).astype(numpy.float32).reshape(shape)
    return images.transpose(0, 3, 1, 2).copy(), numpy.arange(count) % 10
