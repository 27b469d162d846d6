// Layers made of nodes, and in which order each holds its numbers.
import { reshape, transpose } from "../layers/rearrange.ts";
import { flatten } from "../layers/reshape.ts";
import type { AnyLayer } from "../layers/layer.ts";
import { Emitter, type Parts } from "../imported/emitter.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Value } from "./call.ts";

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

/** The order of an input's or output's axes: of images the channels last. */
export function axesOf(dims: readonly number[]): number[] {
  return dims.length === 3 ? lastAxes(dims) : plainAxes(dims);
}

/** The output as our networks have it: logits of one axis, images with channels last. */
export function endOf(builder: Builder, value: Value): Value {
  const { dims } = value;
  const isVector = dims.length === 3 && dims[1] === 1 && dims[2] === 1;
  const end = isVector ? builder.reshape("output", value, [dims[0]!]) : value;
  return builder.arrange("output", end, axesOf(end.dims));
}

/** Collects layers of values whose axes are in some order. */
export class Builder extends Emitter {
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
    parts: Parts = {},
  ): Value {
    const sources = from.map((value) => value.layer);
    return { ...output, layer: this.add(name, layer, sources, parts) };
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
