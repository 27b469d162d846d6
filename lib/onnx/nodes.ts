// A network's operations as nodes of ONNX, whose images have their channels first.
import {
  FUNCTION_NAMES,
  type FunctionNames,
  lowered,
  type Program,
  resized,
  type Step,
  turned,
} from "../exported/mod.ts";
import { fixed, type Operation, type Value, type Weight } from "../layers/operation.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { dimsOf, NodeWriter, plain, type Tensor, usual } from "./node_writer.ts";
import type { WrittenAttribute, WrittenEnd, WrittenNode, WrittenTensor } from "./proto_write.ts";

/** How images are laid out in the file's inputs. */
export type ImageLayout = "NCHW" | "NHWC";

/** The nodes of a network, and what they take. */
export type Nodes = {
  readonly nodes: readonly WrittenNode[];
  readonly tensors: readonly WrittenTensor[];
  readonly inputs: readonly WrittenEnd[];
  readonly outputs: readonly WrittenEnd[];
};

/** The version of the operators: that of 2022. */
export const OPSET = 17;

/**
 * The nodes of a program.
 *
 * @param layout how images are laid out in its inputs
 * @param half whether kernels are kept in 16 bits
 */
export function nodesOf(program: Program, layout: ImageLayout, half: boolean): Nodes {
  const { steps, outputs } = lowered(program, "ONNX", isNode);
  const writer = new NodeWriter(half);
  const inputs = program.inputs.map(({ name, value }) => {
    const order = layout === "NHWC" ? plain(value.shape) : usual(value.shape);
    return writer.input(name, value, order);
  });
  for (const { name, operation, inputs, output } of steps) {
    const make = MAKERS[operation.op] as Maker;
    writer.set(output, make(writer, operation, name, inputs, output.shape));
  }
  const ends = outputs.map(({ name, value }) => writer.output(name, value));
  return { nodes: writer.nodes, tensors: [...writer.tensors.values()], inputs, outputs: ends };
}

/** ONNX's names of functions. */
const FUNCTIONS: FunctionNames = {
  ...FUNCTION_NAMES,
  relu6: "Clip",
  hardSwish: "HardSwish",
  hardSigmoid: "HardSigmoid",
  softsign: "Softsign",
};

const BINARY = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  max: "Max",
  min: "Min",
  pow: "Pow",
} as const;

const REDUCTIONS = {
  mean: "ReduceMean",
  sum: "ReduceSum",
  max: "ReduceMax",
  min: "ReduceMin",
} as const;

/** Whether ONNX has the operation. */
function isNode({ operation, inputs: [x], output: { shape } }: Step): boolean {
  if (operation.op === "each") return Object.hasOwn(FUNCTIONS, operation.f);
  if (operation.op === "responses") return operation.size % 2 === 1 && shape.length === 3;
  if (operation.op === "resample") {
    const isWhole = [0, 1].every((axis) => shape[axis]! % x!.shape[axis]! === 0);
    // Scales are in 32 bits: in between, a pixel's place may be rounded to the one before.
    return operation.method === "nearest" ? isWhole : [0, 1].every((axis) => {
      const length = x!.shape[axis]!;
      return Math.floor(Math.fround(length * scaleOf(length, shape[axis]!))) === shape[axis];
    });
  }
  return true;
}

const scaleOf = (length: number, count: number): number => Math.fround(count / length);

const float = (number: number): WrittenAttribute => ({ float: number });

/** Adds the nodes of an operation. */
type Maker<O extends Operation = Operation> = (
  to: NodeWriter,
  operation: O,
  name: string,
  inputs: readonly Value[],
  shape: Shape,
) => Tensor;

const MAKERS: {
  readonly [Name in Operation["op"]]: Maker<Extract<Operation, { readonly op: Name }>>;
} = {
  conv: (to, { kernel, bias, groups, size, stride, dilation, before, after }, name, [x], shape) => {
    const weights = [to.turned(kernel, [3, 2, 0, 1], `${name}.kernel`)];
    if (bias) weights.push(to.weight(bias, `${name}.bias`));
    return to.image("Conv", name, x!, shape, weights, {
      kernel_shape: size,
      strides: stride,
      dilations: dilation,
      pads: [...before, ...after],
      group: groups,
    });
  },
  convTranspose: (to, { kernel, bias, groups, stride, dilation, padding }, name, [x], shape) => {
    const weights = [to.turned(kernel, [3, 2, 0, 1], `${name}.kernel`)];
    if (bias) weights.push(to.weight(bias, `${name}.bias`));
    const size = kernel.shape.slice(0, 2);
    const more = ([0, 1] as const).map((axis) => {
      const reach = (size[axis]! - 1) * dilation[axis] + 1;
      return shape[axis]! -
        ((x!.shape[axis]! - 1) * stride[axis] + reach - 2 * padding[axis]);
    });
    return to.image("ConvTranspose", name, x!, shape, weights, {
      kernel_shape: size,
      strides: stride,
      dilations: dilation,
      pads: [...padding, ...padding],
      output_padding: more,
      group: groups,
    });
  },
  maxPool: (to, { size, stride, dilation, before, after }, name, [x], shape) =>
    to.image("MaxPool", name, x!, shape, [], {
      kernel_shape: size,
      strides: stride,
      dilations: dilation,
      pads: [...before, ...after],
    }),
  meanPool: (to, { size, stride, before, after, counted }, name, [x], shape) =>
    to.image("AveragePool", name, x!, shape, [], {
      kernel_shape: size,
      strides: stride,
      pads: [...before, ...after],
      count_include_pad: counted ? 1 : 0,
    }),
  responses: (to, { size, alpha, beta, k }, name, [x], shape) =>
    to.image("LRN", name, x!, shape, [], {
      size,
      alpha: float(alpha),
      beta: float(beta),
      bias: float(k),
    }),
  pixelShuffle: (to, { factor }, name, [x], shape) =>
    to.image("DepthToSpace", name, x!, shape, [], { blocksize: factor, mode: "CRD" }),
  resample: (to, { method, align }, name, [x], shape) => {
    const scales = [0, 1].map((axis) => scaleOf(x!.shape[axis]!, shape[axis]!));
    const inputs = ["", to.floats([1, 1, ...scales], `${name}_scales`)];
    return to.image("Resize", name, x!, shape, inputs, {
      mode: method === "nearest" ? "nearest" : "linear",
      coordinate_transformation_mode: align.replace("-", "_"),
      ...(method === "nearest"
        ? { nearest_mode: align === "asymmetric" ? "floor" : "round_prefer_ceil" }
        : {}),
    });
  },
  dense: (to, { kernel, bias }, name, [x], shape) => {
    const tensor = to.tensor(x!);
    const { flat } = tensor;
    const matrix = flat ? flattened(kernel, flat) : kernel;
    const weights = [to.weight(matrix, `${name}.kernel`)];
    if (bias) weights.push(to.weight(bias, `${name}.bias`));
    return to.node("Gemm", [tensor, ...weights], name, { shape, order: [0] });
  },
  batchNorm: (to, { epsilon, scale, shift, mean, variance }, name, [x], shape) => {
    const tensor = to.featuresFirst(x!);
    const weights = Object.entries({ scale, shift, mean, variance }).map(([role, weight]) =>
      to.weight(weight, `${name}.${role}`)
    );
    const output = { shape, order: tensor.order };
    const attributes = { epsilon: float(epsilon) };
    return to.node("BatchNormalization", [tensor, ...weights], name, output, attributes);
  },
  norm: (to, { over, epsilon, scale, shift }, name, [x], shape) => {
    const attributes = { epsilon: float(epsilon) };
    if (typeof over !== "number") {
      const axes = over === "last" ? plain(shape) : usual(shape);
      const tensor = to.arranged(x!, axes);
      const sizes = over === "last" ? shape.slice(-1) : shape;
      const own = (weight: Weight | undefined, standard: number, role: string): string =>
        weight
          ? over === "last" ? to.weight(weight, role) : to.turned(weight, axes, role)
          : to.weight(
            fixed(
              over === "last" ? sizes : dimsOf(tensor),
              () => new Float32Array(sizeOf(sizes)).fill(standard),
            ),
            role,
          );
      const weights = [own(scale, 1, `${name}.scale`), own(shift, 0, `${name}.shift`)];
      return to.node("LayerNormalization", [tensor, ...weights], name, {
        shape,
        order: axes,
      }, { axis: over === "last" ? -1 : 1, ...attributes });
    }
    const tensor = to.featuresFirst(x!);
    const features = shape.at(-1)!;
    const output = { shape, order: tensor.order };
    const constant = (weight: Weight | undefined, number: number, role: string): string =>
      to.weight(
        weight ?? fixed([over], () => new Float32Array(over).fill(number)),
        `${name}.${role}`,
      );
    if (over === features && shape.length > 1) {
      const weights = [constant(scale, 1, "scale"), constant(shift, 0, "shift")];
      return to.node("InstanceNormalization", [tensor, ...weights], name, output, attributes);
    }
    const parted = [sizeOf(shape) / features, features / over, over];
    const sizes = to.whole([0, over, -1], `${name}_groups`);
    const groups = to.node("Reshape", [tensor, sizes], `${name}_parted`, {
      shape: parted,
      order: [2, 1, 0],
    });
    const none = [constant(undefined, 1, "ones"), constant(undefined, 0, "zeros")];
    const normal = to.node(
      "InstanceNormalization",
      [groups, ...none],
      `${name}_normal`,
      groups,
      attributes,
    );
    const back = to.whole([0, ...dimsOf(tensor)], `${name}_sizes`);
    let y = to.node("Reshape", [normal, back], scale ? `${name}_whole` : name, output);
    const wide = (weight: Weight): Weight =>
      resized(weight, [features, ...shape.slice(1).map(() => 1)]);
    if (scale) {
      y = to.node("Mul", [y, to.weight(wide(scale), "")], `${name}_scaled`, output);
    }
    return shift ? to.node("Add", [y, to.weight(wide(shift), "")], name, output) : y;
  },
  each: (to, { f, alpha }, name, [x]) => {
    const tensor = to.tensor(x!);
    const bounds = f === "relu6" ? [to.number(0, `${name}_low`), to.number(6, `${name}_high`)] : [];
    const attributes: WrittenNode["attributes"] = f === "hardSigmoid"
      ? { alpha: float(1 / 6), beta: float(0.5) }
      : alpha === undefined
      ? {}
      : { alpha: float(alpha) };
    return to.node(FUNCTIONS[f]!, [tensor, ...bounds], name, tensor, attributes);
  },
  prelu: (to, { slope }, name, [x], shape) => {
    const tensor = to.featuresFirst(x!);
    const isShared = sizeOf(slope.shape) === 1;
    const sizes = isShared ? [1] : [shape.at(-1)!, ...shape.slice(1).map(() => 1)];
    const own = to.weight(resized(slope, sizes), `${name}.slope`);
    return to.node("PRelu", [tensor, own], name, tensor);
  },
  clip: (to, { low, high }, name, [x]) => {
    const tensor = to.tensor(x!);
    const bounds = [to.number(low, `${name}_low`), to.number(high, `${name}_high`)];
    return to.node("Clip", [tensor, ...bounds], name, tensor);
  },
  softmax: (to, _, name, [x]) => to.soft("Softmax", name, x!),
  logSoftmax: (to, _, name, [x]) => to.soft("LogSoftmax", name, x!),
  number: (to, { by, number, isFirst }, name, [x]) => {
    const tensor = to.tensor(x!);
    const own = to.number(number, `${name}_number`);
    return to.node(BINARY[by], isFirst ? [own, tensor] : [tensor, own], name, tensor);
  },
  constant: (to, { by, value, isFirst }, name, [x], shape) => {
    const tensor = to.settled(x!);
    const own = to.turned(value, tensor.order, `${name}.value`);
    const output = { shape, order: tensor.order };
    return to.node(BINARY[by], isFirst ? [own, tensor] : [tensor, own], name, output);
  },
  join: (to, { by }, name, inputs, shape) => {
    const { order } = to.settled(inputs[0]!);
    const [first, ...rest] = inputs.map((input) => to.arranged(input, order));
    return rest.reduce((one, other, i) => {
      const isLast = i === rest.length - 1;
      const output = isLast ? { shape, order } : { shape: widest(one.shape, other.shape), order };
      return to.node(BINARY[by], [one, other], isLast ? name : `${name}_${i}`, output);
    }, first!);
  },
  concat: (to, { axis }, name, inputs, shape) => {
    const { order } = to.settled(inputs[0]!);
    const tensors = inputs.map((input) => to.arranged(input, order));
    const attributes = { axis: order.indexOf(axis) + 1 };
    return to.node("Concat", tensors, name, { shape, order }, attributes);
  },
  reshape: (to, _, name, [x], shape) => {
    const tensor = to.tensor(x!);
    const was = tensor.flat;
    if (was && `${was.shape}` === `${shape}`) {
      const { order } = was;
      return to.reshaped(name, tensor, { shape, order });
    }
    if (shape.length === 1 && !was) {
      const isPlain = `${wide(tensor.shape, tensor.order)}` ===
        `${wide(tensor.shape, plain(tensor.shape))}`;
      const flat = isPlain ? {} : { flat: { shape: tensor.shape, order: tensor.order } };
      return to.node("Flatten", [tensor], name, { shape, order: [0], ...flat }, { axis: 1 });
    }
    const own = to.arranged(x!, plain(x!.shape));
    // Of a single long axis the others may be anywhere.
    const order = wide(shape, plain(shape)).length < 2 ? usual(shape) : plain(shape);
    return to.reshaped(name, own, { shape, order });
  },
  transpose: (to, { order }, _name, [x], shape) => {
    const tensor = to.settled(x!);
    return { name: tensor.name, shape, order: tensor.order.map((axis) => order.indexOf(axis)) };
  },
  slice: (to, { begin }, name, [x], shape) => {
    const tensor = to.settled(x!);
    const { order } = tensor;
    const cut = plain(shape).filter((axis) => shape[axis] !== x!.shape[axis]);
    const numbers = [
      cut.map((axis) => begin[axis]!),
      cut.map((axis) => begin[axis]! + shape[axis]!),
      cut.map((axis) => order.indexOf(axis) + 1),
    ];
    const inputs = numbers.map((list, i) =>
      to.whole(list, `${name}_${["starts", "ends", "axes"][i]}`)
    );
    return to.node("Slice", [tensor, ...inputs], name, { shape, order });
  },
  pad: (to, { before, after, mode, number }, name, [x], shape) => {
    const tensor = to.arranged(x!);
    const { order } = tensor;
    const along = (list: readonly number[]): number[] => [0, ...order.map((axis) => list[axis]!)];
    const pads = to.whole([...along(before), ...along(after)], `${name}_pads`);
    const value = mode === "constant" ? [to.number(number, `${name}_number`)] : [];
    return to.node("Pad", [tensor, pads, ...value], name, { shape, order }, { mode });
  },
  reduce: (to, { by, axes, keep }, name, [x], shape) => {
    const isGlobal = by === "mean" && !keep && `${[...axes].sort()}` === "0,1" &&
      x!.shape.length === 3;
    if (isGlobal) {
      const means = to.image(
        "GlobalAveragePool",
        `${name}_pool`,
        x!,
        [1, 1, x!.shape[2]!],
        [],
        {},
      );
      return to.node("Flatten", [means], name, { shape, order: [0] }, { axis: 1 });
    }
    const tensor = to.settled(x!);
    const places = axes.map((axis) => tensor.order.indexOf(axis) + 1).sort((a, b) => a - b);
    const left = plain(x!.shape).filter((axis) => keep || !axes.includes(axis));
    const order = tensor.order.filter((axis) => left.includes(axis))
      .map((axis) => left.indexOf(axis));
    // Of sums the axes are an input since version 13, of the others since 18.
    const isInput = by === "sum";
    const inputs = isInput ? [tensor, to.whole(places, `${name}_axes`)] : [tensor];
    return to.node(REDUCTIONS[by], inputs, name, { shape, order }, {
      keepdims: keep ? 1 : 0,
      ...(isInput ? {} : { axes: places }),
    });
  },
};

/** The axes of an order that are longer than 1. */
function wide(shape: Shape, order: readonly number[]): number[] {
  return order.filter((axis) => shape[axis] !== 1);
}

/** The shape of two, of which axes of size 1 are repeated. */
function widest(one: Shape, other: Shape): Shape {
  return one.map((size, axis) => Math.max(size, other[axis]!));
}

/** A matrix for vectors that were images in another order. */
function flattened(kernel: Weight, { shape, order }: NonNullable<Tensor["flat"]>): Weight {
  const [inputs, features] = kernel.shape as [number, number];
  const image = resized(kernel, [...shape, features]);
  return resized(turned(image, [...order, shape.length]), [inputs, features]);
}
