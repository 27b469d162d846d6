// A network's operations as nodes of ONNX, whose images have their channels first.
import {
  FUNCTION_NAMES,
  type FunctionNames,
  isLarge,
  lowered,
  type Program,
  resized,
  type Step,
  turned,
} from "../exported/mod.ts";
import { fixed, type Operation, type Value, type Weight } from "../layers/operation.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
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
  const maker = new NodeMaker(half);
  const inputs = program.inputs.map(({ name, value }) => {
    const order = layout === "NHWC" ? plain(value.shape) : usual(value.shape);
    return maker.input(name, value, order);
  });
  steps.forEach((step) => maker.add(step));
  const ends = outputs.map(({ name, value }) => maker.output(name, value));
  return { nodes: maker.nodes, tensors: [...maker.tensors.values()], inputs, outputs: ends };
}

/** A tensor of the file: after the batch it has our axes in an order of its own. */
type Tensor = {
  readonly name: string;
  /** Our shape. */
  readonly shape: Shape;
  /** Which of our axes come first, second, … */
  readonly order: readonly number[];
  /** Of a vector that was an image in another order: the image's shape and order. */
  readonly flat?: { readonly shape: Shape; readonly order: readonly number[] };
};

/** The axes in our order. */
const plain = (shape: Shape): number[] => shape.map((_, axis) => axis);

/** The axes with the features first, of three; else in our order. */
const usual = (shape: Shape): number[] => shape.length === 3 ? [2, 0, 1] : plain(shape);

/** The sizes of a tensor in its own order. */
const dimsOf = ({ shape, order }: Tensor): number[] => order.map((axis) => shape[axis]!);

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

class NodeMaker {
  readonly nodes: WrittenNode[] = [];
  readonly tensors = new Map<string, WrittenTensor>();
  readonly #values = new Map<number, Tensor>();
  /** Names of nodes and tensors. */
  readonly #names = new Set<string>();
  readonly #constants = new Map<string, string>();

  /** @param half whether kernels are kept in 16 bits */
  constructor(readonly half: boolean) {}

  input(name: string, value: Value, order: readonly number[]): WrittenEnd {
    const tensor = { name: this.#nameOf(name), shape: value.shape, order };
    this.#values.set(value.id, tensor);
    return { name: tensor.name, dims: dimsOf(tensor) };
  }

  output(name: string, value: Value): WrittenEnd {
    const found = this.#arranged(value, usual(value.shape));
    const tensor = this.#node("Identity", [found], name, found);
    // In place of a node that does nothing: the last one gives the output itself.
    const last = this.nodes.at(-2);
    if (last?.output === found.name) {
      this.nodes.pop();
      this.nodes[this.nodes.length - 1] = { ...last, output: tensor.name };
    }
    return { name: tensor.name, dims: dimsOf(tensor) };
  }

  add({ name, operation, inputs, output }: Step): void {
    const make = this.#makers[operation.op] as (
      operation: Operation,
      name: string,
      inputs: readonly Value[],
      shape: Shape,
    ) => Tensor;
    this.#values.set(output.id, make(operation, name, inputs, output.shape));
  }

  #nameOf(name: string): string {
    let own = name;
    for (let i = 2; this.#names.has(own); i++) own = `${name}_${i}`;
    this.#names.add(own);
    return own;
  }

  /** Adds a node, whose output has its name. */
  #node(
    op: string,
    inputs: readonly (Tensor | string)[],
    name: string,
    output: Omit<Tensor, "name">,
    attributes: WrittenNode["attributes"] = {},
  ): Tensor {
    const own = this.#nameOf(name);
    const names = inputs.map((input) => typeof input === "string" ? input : input.name);
    this.nodes.push({ name: own, op, inputs: names, output: own, attributes });
    const { shape, order, flat } = output;
    return { name: own, shape, order, ...(flat ? { flat } : {}) };
  }

  /** The name of a weight's tensor; a weight that is there already is not written again. */
  #weight(weight: Weight, name: string): string {
    const key = weight.path && `${weight.path} ${weight.shape}`;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const own = this.#nameOf(weight.path?.replaceAll("/", ".") ?? name);
    const isHalf = this.half && isLarge(weight);
    const stored = isHalf ? this.#nameOf(`${own}_float16`) : own;
    this.tensors.set(stored, { name: stored, weight, half: isHalf });
    if (isHalf) {
      const attributes = { to: 1 };
      this.nodes.push({ name: own, op: "Cast", inputs: [stored], output: own, attributes });
    }
    if (key !== undefined) this.#constants.set(key, own);
    return own;
  }

  /** A weight in another order of its axes, which is another tensor. */
  #turned(weight: Weight, order: readonly number[], name: string): string {
    const own = turned(weight, order);
    return this.#weight(
      own === weight || weight.path === undefined ? own : {
        ...own,
        path: weight.path,
      },
      name,
    );
  }

  #whole(numbers: readonly number[], name: string): string {
    const own = this.#nameOf(name);
    this.tensors.set(own, { name: own, dims: [numbers.length], whole: numbers });
    return own;
  }

  #number(number: number, name: string): string {
    return this.#weight(fixed([], () => Float32Array.of(number)), name);
  }

  #floats(numbers: readonly number[], name: string): string {
    return this.#weight(fixed([numbers.length], () => Float32Array.from(numbers)), name);
  }

  /** The tensor as it is. */
  #tensor(value: Value): Tensor {
    return this.#values.get(value.id)!;
  }

  /** The tensor with a vector's numbers in our order. */
  #settled(value: Value): Tensor {
    const { flat, ...vector } = this.#tensor(value);
    if (!flat) return vector;
    const { shape, order } = flat;
    const sizes = this.#whole([0, ...order.map((axis) => shape[axis]!)], `${vector.name}_sizes`);
    const image = this.#node("Reshape", [vector, sizes], `${vector.name}_image`, flat);
    const turned = this.#ordered(image, plain(shape));
    const settled = this.#node("Flatten", [turned], `${vector.name}_vector`, vector, { axis: 1 });
    this.#values.set(value.id, settled);
    return settled;
  }

  #ordered(tensor: Tensor, order: readonly number[]): Tensor {
    if (`${tensor.order}` === `${order}`) return tensor;
    const perm = [0, ...order.map((axis) => tensor.order.indexOf(axis) + 1)];
    const { shape } = tensor;
    return this.#node("Transpose", [tensor], `${tensor.name}_order`, { shape, order }, { perm });
  }

  /** The tensor with its axes in an order. */
  #arranged(value: Value, order: readonly number[] = usual(value.shape)): Tensor {
    return this.#ordered(this.#settled(value), order);
  }

  /** The tensor with its features first. */
  #featuresFirst(value: Value): Tensor {
    const { shape } = value;
    const { order } = this.#tensor(value);
    const last = shape.length - 1;
    return this.#arranged(value, [last, ...order.filter((axis) => axis !== last)]);
  }

  readonly #makers: {
    readonly [Name in Operation["op"]]: (
      operation: Extract<Operation, { readonly op: Name }>,
      name: string,
      inputs: readonly Value[],
      shape: Shape,
    ) => Tensor;
  } = {
    conv: ({ kernel, bias, groups, size, stride, dilation, before, after }, name, [x], shape) => {
      const weights = [this.#turned(kernel, [3, 2, 0, 1], `${name}.kernel`)];
      if (bias) weights.push(this.#weight(bias, `${name}.bias`));
      return this.#image("Conv", name, x!, shape, weights, {
        kernel_shape: size,
        strides: stride,
        dilations: dilation,
        pads: [...before, ...after],
        group: groups,
      });
    },
    convTranspose: ({ kernel, bias, groups, stride, dilation, padding }, name, [x], shape) => {
      const weights = [this.#turned(kernel, [3, 2, 0, 1], `${name}.kernel`)];
      if (bias) weights.push(this.#weight(bias, `${name}.bias`));
      const size = kernel.shape.slice(0, 2);
      const more = ([0, 1] as const).map((axis) => {
        const reach = (size[axis]! - 1) * dilation[axis] + 1;
        return shape[axis]! -
          ((x!.shape[axis]! - 1) * stride[axis] + reach - 2 * padding[axis]);
      });
      return this.#image("ConvTranspose", name, x!, shape, weights, {
        kernel_shape: size,
        strides: stride,
        dilations: dilation,
        pads: [...padding, ...padding],
        output_padding: more,
        group: groups,
      });
    },
    maxPool: ({ size, stride, dilation, before, after }, name, [x], shape) =>
      this.#image("MaxPool", name, x!, shape, [], {
        kernel_shape: size,
        strides: stride,
        dilations: dilation,
        pads: [...before, ...after],
      }),
    meanPool: ({ size, stride, before, after, counted }, name, [x], shape) =>
      this.#image("AveragePool", name, x!, shape, [], {
        kernel_shape: size,
        strides: stride,
        pads: [...before, ...after],
        count_include_pad: counted ? 1 : 0,
      }),
    responses: ({ size, alpha, beta, k }, name, [x], shape) =>
      this.#image("LRN", name, x!, shape, [], {
        size,
        alpha: float(alpha),
        beta: float(beta),
        bias: float(k),
      }),
    pixelShuffle: ({ factor }, name, [x], shape) =>
      this.#image("DepthToSpace", name, x!, shape, [], { blocksize: factor, mode: "CRD" }),
    resample: ({ method, align }, name, [x], shape) => {
      const scales = [0, 1].map((axis) => scaleOf(x!.shape[axis]!, shape[axis]!));
      const inputs = ["", this.#floats([1, 1, ...scales], `${name}_scales`)];
      return this.#image("Resize", name, x!, shape, inputs, {
        mode: method === "nearest" ? "nearest" : "linear",
        coordinate_transformation_mode: align.replace("-", "_"),
        ...(method === "nearest"
          ? { nearest_mode: align === "asymmetric" ? "floor" : "round_prefer_ceil" }
          : {}),
      });
    },
    dense: ({ kernel, bias }, name, [x], shape) => {
      const tensor = this.#tensor(x!);
      const { flat } = tensor;
      const matrix = flat ? flattened(kernel, flat) : kernel;
      const weights = [this.#weight(matrix, `${name}.kernel`)];
      if (bias) weights.push(this.#weight(bias, `${name}.bias`));
      return this.#node("Gemm", [tensor, ...weights], name, { shape, order: [0] });
    },
    batchNorm: ({ epsilon, scale, shift, mean, variance }, name, [x], shape) => {
      const tensor = this.#featuresFirst(x!);
      const weights = Object.entries({ scale, shift, mean, variance }).map(([role, weight]) =>
        this.#weight(weight, `${name}.${role}`)
      );
      const output = { shape, order: tensor.order };
      const attributes = { epsilon: float(epsilon) };
      return this.#node("BatchNormalization", [tensor, ...weights], name, output, attributes);
    },
    norm: ({ over, epsilon, scale, shift }, name, [x], shape) => {
      const attributes = { epsilon: float(epsilon) };
      if (typeof over !== "number") {
        const axes = over === "last" ? plain(shape) : usual(shape);
        const tensor = this.#arranged(x!, axes);
        const sizes = over === "last" ? shape.slice(-1) : shape;
        const own = (weight: Weight | undefined, standard: number, role: string): string =>
          weight
            ? over === "last" ? this.#weight(weight, role) : this.#turned(weight, axes, role)
            : this.#weight(
              fixed(
                over === "last" ? sizes : dimsOf(tensor),
                () => new Float32Array(sizeOf(sizes)).fill(standard),
              ),
              role,
            );
        const weights = [own(scale, 1, `${name}.scale`), own(shift, 0, `${name}.shift`)];
        return this.#node("LayerNormalization", [tensor, ...weights], name, {
          shape,
          order: axes,
        }, { axis: over === "last" ? -1 : 1, ...attributes });
      }
      const tensor = this.#featuresFirst(x!);
      const features = shape.at(-1)!;
      const output = { shape, order: tensor.order };
      const constant = (weight: Weight | undefined, number: number, role: string): string =>
        this.#weight(
          weight ?? fixed([over], () => new Float32Array(over).fill(number)),
          `${name}.${role}`,
        );
      if (over === features && shape.length > 1) {
        const weights = [constant(scale, 1, "scale"), constant(shift, 0, "shift")];
        return this.#node("InstanceNormalization", [tensor, ...weights], name, output, attributes);
      }
      const parted = [sizeOf(shape) / features, features / over, over];
      const sizes = this.#whole([0, over, -1], `${name}_groups`);
      const groups = this.#node("Reshape", [tensor, sizes], `${name}_parted`, {
        shape: parted,
        order: [2, 1, 0],
      });
      const none = [constant(undefined, 1, "ones"), constant(undefined, 0, "zeros")];
      const normal = this.#node(
        "InstanceNormalization",
        [groups, ...none],
        `${name}_normal`,
        groups,
        attributes,
      );
      const back = this.#whole([0, ...dimsOf(tensor)], `${name}_sizes`);
      let y = this.#node("Reshape", [normal, back], scale ? `${name}_whole` : name, output);
      const wide = (weight: Weight): Weight =>
        resized(weight, [features, ...shape.slice(1).map(() => 1)]);
      if (scale) {
        y = this.#node("Mul", [y, this.#weight(wide(scale), "")], `${name}_scaled`, output);
      }
      return shift ? this.#node("Add", [y, this.#weight(wide(shift), "")], name, output) : y;
    },
    each: ({ f, alpha }, name, [x]) => {
      const tensor = this.#tensor(x!);
      const bounds = f === "relu6"
        ? [this.#number(0, `${name}_low`), this.#number(6, `${name}_high`)]
        : [];
      const attributes: WrittenNode["attributes"] = f === "hardSigmoid"
        ? { alpha: float(1 / 6), beta: float(0.5) }
        : alpha === undefined
        ? {}
        : { alpha: float(alpha) };
      return this.#node(FUNCTIONS[f]!, [tensor, ...bounds], name, tensor, attributes);
    },
    prelu: ({ slope }, name, [x], shape) => {
      const tensor = this.#featuresFirst(x!);
      const isShared = sizeOf(slope.shape) === 1;
      const sizes = isShared ? [1] : [shape.at(-1)!, ...shape.slice(1).map(() => 1)];
      const own = this.#weight(resized(slope, sizes), `${name}.slope`);
      return this.#node("PRelu", [tensor, own], name, tensor);
    },
    clip: ({ low, high }, name, [x]) => {
      const tensor = this.#tensor(x!);
      const bounds = [this.#number(low, `${name}_low`), this.#number(high, `${name}_high`)];
      return this.#node("Clip", [tensor, ...bounds], name, tensor);
    },
    softmax: (_, name, [x]) => this.#soft("Softmax", name, x!),
    logSoftmax: (_, name, [x]) => this.#soft("LogSoftmax", name, x!),
    number: ({ by, number, isFirst }, name, [x]) => {
      const tensor = this.#tensor(x!);
      const own = this.#number(number, `${name}_number`);
      return this.#node(BINARY[by], isFirst ? [own, tensor] : [tensor, own], name, tensor);
    },
    constant: ({ by, value, isFirst }, name, [x], shape) => {
      const tensor = this.#settled(x!);
      const own = this.#turned(value, tensor.order, `${name}.value`);
      const output = { shape, order: tensor.order };
      return this.#node(BINARY[by], isFirst ? [own, tensor] : [tensor, own], name, output);
    },
    join: ({ by }, name, inputs, shape) => {
      const { order } = this.#settled(inputs[0]!);
      const [first, ...rest] = inputs.map((input) => this.#arranged(input, order));
      return rest.reduce((one, other, i) => {
        const isLast = i === rest.length - 1;
        const output = isLast ? { shape, order } : { shape: widest(one.shape, other.shape), order };
        return this.#node(BINARY[by], [one, other], isLast ? name : `${name}_${i}`, output);
      }, first!);
    },
    concat: ({ axis }, name, inputs, shape) => {
      const { order } = this.#settled(inputs[0]!);
      const tensors = inputs.map((input) => this.#arranged(input, order));
      const attributes = { axis: order.indexOf(axis) + 1 };
      return this.#node("Concat", tensors, name, { shape, order }, attributes);
    },
    reshape: (_, name, [x], shape) => {
      const tensor = this.#tensor(x!);
      const was = tensor.flat;
      if (was && `${was.shape}` === `${shape}`) {
        const { order } = was;
        return this.#reshaped(name, tensor, { shape, order });
      }
      if (shape.length === 1 && !was) {
        const isPlain = `${wide(tensor.shape, tensor.order)}` ===
          `${wide(tensor.shape, plain(tensor.shape))}`;
        const flat = isPlain ? {} : { flat: { shape: tensor.shape, order: tensor.order } };
        return this.#node("Flatten", [tensor], name, { shape, order: [0], ...flat }, { axis: 1 });
      }
      const own = this.#arranged(x!, plain(x!.shape));
      // Of a single long axis the others may be anywhere.
      const order = wide(shape, plain(shape)).length < 2 ? usual(shape) : plain(shape);
      return this.#reshaped(name, own, { shape, order });
    },
    transpose: ({ order }, _name, [x], shape) => {
      const tensor = this.#settled(x!);
      return { name: tensor.name, shape, order: tensor.order.map((axis) => order.indexOf(axis)) };
    },
    slice: ({ begin }, name, [x], shape) => {
      const tensor = this.#settled(x!);
      const { order } = tensor;
      const cut = plain(shape).filter((axis) => shape[axis] !== x!.shape[axis]);
      const numbers = [
        cut.map((axis) => begin[axis]!),
        cut.map((axis) => begin[axis]! + shape[axis]!),
        cut.map((axis) => order.indexOf(axis) + 1),
      ];
      const inputs = numbers.map((list, i) =>
        this.#whole(list, `${name}_${["starts", "ends", "axes"][i]}`)
      );
      return this.#node("Slice", [tensor, ...inputs], name, { shape, order });
    },
    pad: ({ before, after, mode, number }, name, [x], shape) => {
      const tensor = this.#arranged(x!);
      const { order } = tensor;
      const along = (list: readonly number[]): number[] => [0, ...order.map((axis) => list[axis]!)];
      const pads = this.#whole([...along(before), ...along(after)], `${name}_pads`);
      const value = mode === "constant" ? [this.#number(number, `${name}_number`)] : [];
      return this.#node("Pad", [tensor, pads, ...value], name, { shape, order }, { mode });
    },
    reduce: ({ by, axes, keep }, name, [x], shape) => {
      const isGlobal = by === "mean" && !keep && `${[...axes].sort()}` === "0,1" &&
        x!.shape.length === 3;
      if (isGlobal) {
        const means = this.#image(
          "GlobalAveragePool",
          `${name}_pool`,
          x!,
          [1, 1, x!.shape[2]!],
          [],
          {},
        );
        return this.#node("Flatten", [means], name, { shape, order: [0] }, { axis: 1 });
      }
      const tensor = this.#settled(x!);
      const places = axes.map((axis) => tensor.order.indexOf(axis) + 1).sort((a, b) => a - b);
      const left = plain(x!.shape).filter((axis) => keep || !axes.includes(axis));
      const order = tensor.order.filter((axis) => left.includes(axis))
        .map((axis) => left.indexOf(axis));
      // Of sums the axes are an input since version 13, of the others since 18.
      const isInput = by === "sum";
      const inputs = isInput ? [tensor, this.#whole(places, `${name}_axes`)] : [tensor];
      return this.#node(REDUCTIONS[by], inputs, name, { shape, order }, {
        keepdims: keep ? 1 : 0,
        ...(isInput ? {} : { axes: places }),
      });
    },
  };

  /** A node on an image. */
  #image(
    op: string,
    name: string,
    x: Value,
    shape: Shape,
    weights: readonly string[],
    attributes: WrittenNode["attributes"],
  ): Tensor {
    const order = usual(shape);
    return this.#node(op, [this.#arranged(x), ...weights], name, { shape, order }, attributes);
  }

  #reshaped(name: string, tensor: Tensor, output: Omit<Tensor, "name">): Tensor {
    const sizes = [0, ...output.order.map((axis) => output.shape[axis]!)];
    return this.#node("Reshape", [tensor, this.#whole(sizes, `${name}_sizes`)], name, output);
  }

  #soft(op: string, name: string, x: Value): Tensor {
    const tensor = this.#settled(x);
    const axis = tensor.order.indexOf(x.shape.length - 1) + 1;
    return this.#node(op, [tensor], name, tensor, { axis });
  }
}

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
