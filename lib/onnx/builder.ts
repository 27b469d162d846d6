// Layers made of nodes, and in which order each holds its numbers.
import { reshape, transpose } from "../layers/rearrange.ts";
import { flatten } from "../layers/reshape.ts";
import type { AnyLayer } from "../layers/layer.ts";
import type { Join } from "../layers/parallel.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Value } from "./call.ts";

/** Makes the numbers of a parameter. */
export type Numbers = () => ArrayLike<number>;

/** A layer with what it takes and its numbers. */
export type Emitted = {
  readonly name: string;
  /** The name of the node that it is of. */
  readonly node: string;
  readonly layer: AnyLayer;
  readonly from: readonly string[];
  readonly join?: Join | "concat" | "sum" | "product";
  readonly params: Readonly<Record<string, Numbers>>;
  readonly state: Readonly<Record<string, Numbers>>;
};

/** What a layer besides its operation has. */
export type Parts = Partial<Pick<Emitted, "join" | "params" | "state">> & {
  /** What it is called besides the node's name, if it is not the node's own operation. */
  readonly suffix?: string;
};

/** The axes in ONNX's order. */
export const plainAxes = (dims: readonly number[]): number[] => dims.map((_, axis) => axis);

/** The axes with the features last. */
export const lastAxes = (dims: readonly number[]): number[] => [
  ...dims.slice(1).map((_, i) => i + 1),
  ...(dims.length > 0 ? [0] : []),
];

/** The shape of our tensor, without the batch. */
export function shapeOf({ dims, axes, flat }: Value): number[] {
  return flat ? [sizeOf(flat.sizes)] : axes.map((axis) => dims[axis]!);
}

/** A head with another number of classes: the name of its node, and how many. */
export type Head = { readonly name: string; readonly numClasses: number };

/** Collects layers. */
export class Builder {
  /** @param head what has other features than the file says */
  constructor(readonly head?: Head) {}

  /** The features of a convolution or fully connected layer: the file's, unless it is the head. */
  features(node: string, inFile: number): number {
    return this.head?.name === node ? this.head.numClasses : inFile;
  }

  readonly emitted = new Map<string, Emitted>();
  readonly #names = new Set(["input"]);

  /**
   * Adds a layer.
   *
   * @param name the node's name
   * @param from what it takes
   * @param output sizes and axes of its output
   */
  emit(
    name: string,
    layer: AnyLayer,
    from: readonly Value[],
    output: Omit<Value, "layer">,
    { join, params = {}, state = {}, suffix }: Parts = {},
  ): Value {
    const own = this.#nameOf(suffix ? `${name}_${suffix}` : name);
    this.emitted.set(own, {
      name: own,
      node: name,
      layer,
      from: from.map((value) => value.layer),
      ...(join ? { join } : {}),
      params,
      state,
    });
    return { ...output, layer: own };
  }

  /** Part of a path, and unique. */
  #nameOf(name: string): string {
    const clean = name.replace(/^[/:]+/, "").replace(/[^\w.-]+/g, "_").replace(
      /^(?=[\d.]*$)/,
      "layer",
    );
    let own = clean;
    for (let i = 2; this.#names.has(own); i++) own = `${clean}_${i}`;
    this.#names.add(own);
    return own;
  }

  /** A vector that was an image in the order that ONNX has it. */
  settle(name: string, value: Value): Value {
    const { flat, ...rest } = value;
    if (!flat) return value;
    const { sizes, order } = flat;
    const image = this.emit(name, reshape(sizes), [value], rest, { suffix: "unflat" });
    const inverse = order.map((_, axis) => order.indexOf(axis));
    const turned = this.emit(name, transpose(inverse), [image], rest, { suffix: "order" });
    return this.emit(name, flatten(), [turned], rest, { suffix: "flat" });
  }

  /** The value with our axes in this order, of which those left out have size 1. */
  arrange(name: string, given: Value, axes: readonly number[]): Value {
    const value = this.settle(name, given);
    const { dims } = value;
    if (`${value.axes}` === `${axes}`) return value;
    const wide = (list: readonly number[]): number[] => list.filter((axis) => dims[axis] !== 1);
    const view = (from: Value, to: readonly number[]): Value =>
      `${from.axes}` === `${to}` ? from : this.emit(
        name,
        reshape(to.map((axis) => dims[axis]!)),
        [from],
        { dims, axes: to },
        { suffix: "view" },
      );
    if (`${wide(value.axes)}` === `${wide(axes)}`) return view(value, axes);
    const kept = view(value, value.axes.filter((axis) => dims[axis] !== 1 || axes.includes(axis)));
    const order = axes.filter((axis) => kept.axes.includes(axis));
    const turn = order.map((axis) => kept.axes.indexOf(axis));
    const output = { dims, axes: order };
    return view(this.emit(name, transpose(turn), [kept], output, { suffix: "order" }), axes);
  }

  /** An image, `[H, W, C]`. */
  image(name: string, value: Value): Value {
    return this.arrange(name, value, lastAxes(value.dims));
  }

  /** The same numbers, in ONNX's order, with other sizes. */
  reshape(name: string, given: Value, dims: readonly number[]): Value {
    if (`${given.dims}` === `${dims}`) return given;
    const unflat = given.flat && this.#unflattened(name, given, dims);
    if (unflat) return unflat;
    const value = this.settle(name, given);
    const groups = groupsOf(value.dims, dims);
    const ours = value.axes.filter((axis) => value.dims[axis] !== 1);
    const isWhole = groups.every(({ from }) =>
      from.every((axis, i) => i === 0 || ours.indexOf(axis) === ours.indexOf(from[i - 1]!) + 1)
    );
    if (!isWhole && dims.length === 1) {
      const sizes = ours.map((axis) => value.dims[axis]!);
      const sorted = [...ours].sort((a, b) => a - b);
      const flat = { sizes, order: ours.map((axis) => sorted.indexOf(axis)) };
      return this.emit(name, flatten(), [value], { dims, axes: [0], flat });
    }
    const first = (group: Group): number =>
      Math.min(...group.from.map((axis) => ours.indexOf(axis)));
    const sorted = groups.toSorted((one, other) => first(one) - first(other));
    const source = isWhole ? value : this.arrange(name, value, sorted.flatMap(({ from }) => from));
    const axes = sorted.flatMap(({ to }) => to);
    // A single number has an axis too.
    const output = { dims, axes: axes.length === 0 && dims.length > 0 ? [0] : axes };
    const shape = output.axes.map((axis) => dims[axis]!);
    if (`${shape}` === `${shapeOf(source)}`) return { ...output, layer: source.layer };
    return this.emit(name, shape.length === 1 ? flatten() : reshape(shape), [source], output);
  }

  /** A vector that becomes the image again that it was. */
  #unflattened(name: string, value: Value, dims: readonly number[]): Value | undefined {
    const { sizes, order } = value.flat!;
    const wide = dims.flatMap((size, axis) => size === 1 ? [] : [axis]);
    const was = order.map((_, axis) => sizes[order.indexOf(axis)]!);
    if (`${wide.map((axis) => dims[axis])}` !== `${was}`) return undefined;
    return this.emit(name, reshape(sizes), [value], {
      dims,
      axes: order.map((axis) => wide[axis]!),
    });
  }
}

/** Axes that become others. */
type Group = { readonly from: readonly number[]; readonly to: readonly number[] };

/** The axes of sizes before that become those of sizes after, as few as go together. */
function groupsOf(before: readonly number[], after: readonly number[]): Group[] {
  const wide = (dims: readonly number[]): number[] =>
    dims.flatMap((size, axis) => size === 1 ? [] : [axis]);
  const [left, right] = [wide(before), wide(after)];
  const groups: Group[] = [];
  while (left.length > 0) {
    const [from, to] = [[left.shift()!], [right.shift()!]];
    let [one, other] = [before[from[0]!]!, after[to[0]!]!];
    while (one !== other) {
      if (one < other) {
        from.push(left.shift()!);
        one *= before[from.at(-1)!]!;
      } else {
        to.push(right.shift()!);
        other *= after[to.at(-1)!]!;
      }
    }
    groups.push({ from, to });
  }
  return groups;
}
