// Nodes of ONNX and their tensors, whose axes may be in another order than ours.
import { isLarge, turned } from "../exported/mod.ts";
import { fixed, type Value, type Weight } from "../layers/operation.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { WrittenEnd, WrittenNode, WrittenTensor } from "./proto_write.ts";

/** A tensor of the file: after the batch it has our axes in an order of its own. */
export type Tensor = {
  readonly name: string;
  /** Our shape. */
  readonly shape: Shape;
  /** Which of our axes come first, second, … */
  readonly order: readonly number[];
  /** Of a vector that was an image in another order: the image's shape and order. */
  readonly flat?: { readonly shape: Shape; readonly order: readonly number[] };
};

/** The axes in our order. */
export const plain = (shape: Shape): number[] => shape.map((_, axis) => axis);

/** The axes with the features first, of three; else in our order. */
export const usual = (shape: Shape): number[] => shape.length === 3 ? [2, 0, 1] : plain(shape);

/** The sizes of a tensor in its own order. */
export const dimsOf = ({ shape, order }: Tensor): number[] => order.map((axis) => shape[axis]!);

/** Collects nodes, and the tensors of weights, each once. */
export class NodeWriter {
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
    const found = this.arranged(value, usual(value.shape));
    const tensor = this.node("Identity", [found], name, found);
    // In place of a node that does nothing: the last one gives the output itself.
    const last = this.nodes.at(-2);
    if (last?.output === found.name) {
      this.nodes.pop();
      this.nodes[this.nodes.length - 1] = { ...last, output: tensor.name };
    }
    return { name: tensor.name, dims: dimsOf(tensor) };
  }

  /** Takes note of the tensor that has a value. */
  set(value: Value, tensor: Tensor): void {
    this.#values.set(value.id, tensor);
  }

  #nameOf(name: string): string {
    let own = name;
    for (let i = 2; this.#names.has(own); i++) own = `${name}_${i}`;
    this.#names.add(own);
    return own;
  }

  /** Adds a node, whose output has its name. */
  node(
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
  weight(weight: Weight, name: string): string {
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
  turned(weight: Weight, order: readonly number[], name: string): string {
    const own = turned(weight, order);
    return this.weight(
      own === weight || weight.path === undefined ? own : {
        ...own,
        path: weight.path,
      },
      name,
    );
  }

  /** Whole numbers, such as sizes. */
  whole(numbers: readonly number[], name: string): string {
    const own = this.#nameOf(name);
    this.tensors.set(own, { name: own, dims: [numbers.length], whole: numbers });
    return own;
  }

  /** A single number. */
  number(number: number, name: string): string {
    return this.weight(fixed([], () => Float32Array.of(number)), name);
  }

  /** Numbers as a vector. */
  floats(numbers: readonly number[], name: string): string {
    return this.weight(fixed([numbers.length], () => Float32Array.from(numbers)), name);
  }

  /** The tensor as it is. */
  tensor(value: Value): Tensor {
    return this.#values.get(value.id)!;
  }

  /** The tensor with a vector's numbers in our order. */
  settled(value: Value): Tensor {
    const { flat, ...vector } = this.tensor(value);
    if (!flat) return vector;
    const { shape, order } = flat;
    const sizes = this.whole([0, ...order.map((axis) => shape[axis]!)], `${vector.name}_sizes`);
    const image = this.node("Reshape", [vector, sizes], `${vector.name}_image`, flat);
    const turned = this.ordered(image, plain(shape));
    const settled = this.node("Flatten", [turned], `${vector.name}_vector`, vector, { axis: 1 });
    this.#values.set(value.id, settled);
    return settled;
  }

  /** A tensor with its axes in an order. */
  ordered(tensor: Tensor, order: readonly number[]): Tensor {
    if (`${tensor.order}` === `${order}`) return tensor;
    const perm = [0, ...order.map((axis) => tensor.order.indexOf(axis) + 1)];
    const { shape } = tensor;
    return this.node("Transpose", [tensor], `${tensor.name}_order`, { shape, order }, { perm });
  }

  /** The tensor with its axes in an order. */
  arranged(value: Value, order: readonly number[] = usual(value.shape)): Tensor {
    return this.ordered(this.settled(value), order);
  }

  /** The tensor with its features first. */
  featuresFirst(value: Value): Tensor {
    const { shape } = value;
    const { order } = this.tensor(value);
    const last = shape.length - 1;
    return this.arranged(value, [last, ...order.filter((axis) => axis !== last)]);
  }

  /** A node on an image. */
  image(
    op: string,
    name: string,
    x: Value,
    shape: Shape,
    weights: readonly string[],
    attributes: WrittenNode["attributes"],
  ): Tensor {
    const order = usual(shape);
    return this.node(op, [this.arranged(x), ...weights], name, { shape, order }, attributes);
  }

  /** A tensor in another shape, whose first axis stays. */
  reshaped(name: string, tensor: Tensor, output: Omit<Tensor, "name">): Tensor {
    const sizes = [0, ...output.order.map((axis) => output.shape[axis]!)];
    return this.node("Reshape", [tensor, this.whole(sizes, `${name}_sizes`)], name, output);
  }

  /** A softmax along the features. */
  soft(op: string, name: string, x: Value): Tensor {
    const tensor = this.settled(x);
    const axis = tensor.order.indexOf(x.shape.length - 1) + 1;
    return this.node(op, [tensor], name, tensor, { axis });
  }
}
