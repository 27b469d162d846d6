// Operations that a format lacks, made of others.
import {
  type Add,
  derived,
  fixed,
  type NumberFunction,
  type Operation,
  UNPADDED,
  type Value,
} from "../layers/operation.ts";
import { sourcesOf } from "../tensor/resample.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";

/** An operation with its output's shape, what it takes, and where simpler ones go. */
type Lowering<O extends Operation = Operation> = (
  operation: O,
  shape: Shape,
  inputs: readonly Value[],
  add: Add,
) => Value | undefined;

type Op<Name extends Operation["op"]> = Extract<Operation, { readonly op: Name }>;

/**
 * An operation by simpler ones.
 *
 * @param add adds one of them, perhaps by making it of others again
 * @returns its output; `undefined` if it is as simple as can be
 */
export function lower(
  operation: Operation,
  shape: Shape,
  inputs: readonly Value[],
  add: Add,
): Value | undefined {
  const known = LOWERINGS[operation.op] as Lowering | undefined;
  return known?.(operation, shape, inputs, add);
}

/** Arithmetic of one value of a shape, for formulas. */
class Formula {
  constructor(readonly add: Add, readonly shape: Shape) {}

  each(f: NumberFunction, x: Value): Value {
    return this.add({ op: "each", f }, this.shape, x);
  }

  number(by: Op<"number">["by"], x: Value, number: number, isFirst = false): Value {
    return this.add({ op: "number", by, number, isFirst }, this.shape, x);
  }

  join(by: Op<"join">["by"], ...values: Value[]): Value {
    return this.add({ op: "join", by }, this.shape, ...values);
  }
}

const SELU = { scale: 1.0507009873554805, alpha: 1.6732632423543772 } as const;

const FUNCTIONS: Readonly<
  Partial<Record<NumberFunction, (is: Formula, x: Value, alpha: number) => Value>>
> = {
  relu: (is, x) => is.number("max", x, 0),
  relu6: (is, x) => is.number("min", is.each("relu", x), 6),
  leakyRelu: (is, x, alpha) =>
    is.join(
      "sub",
      is.each("relu", x),
      is.number("mul", is.each("relu", is.number("mul", x, -1)), alpha),
    ),
  elu: (is, x, alpha) => {
    const below = is.number("sub", is.each("exp", is.number("min", x, 0)), 1);
    return is.join("add", is.each("relu", x), is.number("mul", below, alpha));
  },
  selu: (is, x) =>
    is.number("mul", is.add({ op: "each", f: "elu", alpha: SELU.alpha }, is.shape, x), SELU.scale),
  gelu: (is, x) => {
    const share = is.number("add", is.each("erf", is.number("mul", x, Math.SQRT1_2)), 1);
    return is.join("mul", is.number("mul", x, 0.5), share);
  },
  geluTanh: (is, x) => {
    const cubed = is.number("mul", is.join("mul", x, x, x), 0.044715);
    const inner = is.number("mul", is.join("add", x, cubed), Math.sqrt(2 / Math.PI));
    return is.join("mul", is.number("mul", x, 0.5), is.number("add", is.each("tanh", inner), 1));
  },
  silu: (is, x) => is.join("mul", x, is.each("sigmoid", x)),
  hardSigmoid: (is, x) => is.number("mul", is.each("relu6", is.number("add", x, 3)), 1 / 6),
  hardSwish: (is, x) => is.join("mul", x, is.each("hardSigmoid", x)),
  softsign: (is, x) => is.join("div", x, is.number("add", is.each("abs", x), 1)),
  mish: (is, x) => is.join("mul", x, is.each("tanh", is.each("softplus", x))),
  neg: (is, x) => is.number("mul", x, -1),
  abs: (is, x) => is.join("max", x, is.number("mul", x, -1)),
  sqrt: (is, x) => is.number("pow", x, 0.5),
  reciprocal: (is, x) => is.number("div", x, 1, true),
};

/** Constants one after the other, by feature or whole. */
function affine(
  add: Add,
  y: Value,
  { scale, shift }: Pick<Op<"norm">, "scale" | "shift">,
): Value {
  const { shape } = y;
  for (const [by, weight] of [["mul", scale], ["add", shift]] as const) {
    if (!weight) continue;
    const sizes = [...shape.slice(weight.shape.length).map(() => 1), ...weight.shape];
    const value = { ...derived(sizes, [weight], ([own]) => own!), path: weight.path! };
    y = add({ op: "constant", by, value, isFirst: false }, shape, y);
  }
  return y;
}

const norm: Lowering<Op<"norm">> = ({ over, epsilon, scale, shift }, shape, [x], add) => {
  const features = shape.at(-1)!;
  const isGrouped = typeof over === "number";
  const parted = isGrouped ? [sizeOf(shape) / features, over, features / over] : shape;
  const own = isGrouped ? add({ op: "reshape" }, parted, x!) : x!;
  const axes = isGrouped ? [0, 2] : over === "last" ? [shape.length - 1] : shape.map((_, i) => i);
  const small = parted.map((size, axis) => axes.includes(axis) ? 1 : size);
  const mean = (of: Value): Value => add({ op: "reduce", by: "mean", axes, keep: true }, small, of);
  const wide = new Formula(add, parted);
  const narrow = new Formula(add, small);
  const difference = wide.join("sub", own, mean(own));
  const variance = mean(wide.join("mul", difference, difference));
  const factor = narrow.number("pow", narrow.number("add", variance, epsilon), -0.5);
  const y = wide.join("mul", difference, factor);
  return affine(add, isGrouped ? add({ op: "reshape" }, shape, y) : y, {
    ...(scale ? { scale } : {}),
    ...(shift ? { shift } : {}),
  });
};

/** The sum over neighboring channels as a convolution of one pixel. */
const responses: Lowering<Op<"responses">> = ({ size, alpha, beta, k }, shape, [x], add) => {
  const channels = shape.at(-1)!;
  const image = [1, sizeOf(shape) / channels, channels];
  const before = Math.floor(size / 2);
  const kernel = fixed(
    [1, 1, channels, channels],
    () =>
      Float32Array.from({ length: channels ** 2 }, (_, i) => {
        const from = Math.floor(i / channels) - i % channels + before;
        return from >= 0 && from < size ? alpha / size : 0;
      }),
  );
  const bias = fixed([channels], () => new Float32Array(channels).fill(k));
  const is = new Formula(add, shape);
  const isImage = shape.length === 3;
  const squares = is.join("mul", x!, x!);
  const own = isImage ? squares : add({ op: "reshape" }, image, squares);
  const slide = { size: [1, 1], stride: [1, 1], ...UNPADDED } as const;
  const sums = add({ op: "conv", ...slide, groups: 1, kernel, bias }, own.shape, own);
  const whole = isImage ? sums : add({ op: "reshape" }, shape, sums);
  return is.join("mul", x!, is.number("pow", whole, -beta));
};

/** Zeros around, means of whole windows, and what they are short of where zeros do not count. */
const meanPool: Lowering<Op<"meanPool">> = (operation, shape, [x], add) => {
  const { size, stride, before, after, counted } = operation;
  const padded = padImage(add, x!, before, after, 0);
  const means = add({ ...operation, ...UNPADDED, counted: true }, shape, padded);
  if (counted) return means;
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    Array.from({ length: shape[axis]! }, (_, i) => {
      const first = i * stride[axis] - before[axis];
      const inside = Math.min(first + size[axis], x!.shape[axis]!) - Math.max(first, 0);
      return size[axis] / inside;
    })
  );
  if ([...rows!, ...columns!].every((one) => one === 1)) return means;
  const value = fixed(
    [shape[0]!, shape[1]!, 1],
    () => Float32Array.from(rows!.flatMap((row) => columns!.map((column) => row * column))),
  );
  return add({ op: "constant", by: "mul", value, isFirst: false }, shape, means);
};

/** Pixels around an image. */
export function padImage(
  add: Add,
  x: Value,
  before: readonly number[],
  after: readonly number[],
  number: number | "least",
): Value {
  if ([...before, ...after].every((one) => one === 0)) return x;
  const shape = x.shape.map((size, axis) => (before[axis] ?? 0) + size + (after[axis] ?? 0));
  const sides = { before: [before[0]!, before[1]!, 0], after: [after[0]!, after[1]!, 0] };
  const least = number === "least" ? { number: LEAST, isLeast: true } : { number };
  return add({ op: "pad", ...sides, mode: "constant", ...least }, shape, x);
}

/** What no window reaches is cut off, and what is around the image is put around it. */
const maxPool: Lowering<Op<"maxPool">> = (operation, shape, [x], add) => {
  const { before, after, size, stride, dilation } = operation;
  const padded = padImage(add, x!, before, after, "least");
  if (dilation.every((one) => one === 1)) {
    return add({ ...operation, ...UNPADDED }, shape, padded);
  }
  // The largest of as many images as a window has pixels.
  const [height, width] = [0, 1].map((axis) => (shape[axis]! - 1) * stride[axis]! + 1);
  const taps = Array.from({ length: sizeOf(size) }, (_, tap) => {
    const begin = [Math.floor(tap / size[1]) * dilation[0], tap % size[1] * dilation[1], 0];
    const block = add({ op: "slice", begin }, [height!, width!, shape[2]!], padded);
    return add({ op: "maxPool", size: [1, 1], stride, ...UNPADDED }, shape, block);
  });
  return taps.length === 1 ? taps[0]! : add({ op: "join", by: "max" }, shape, ...taps);
};

/** What a window's largest is never. */
const LEAST = -3.4028234663852886e38;

/** An operation along the axes of an image that are not the last, where others have the features. */
function alongImage(
  x: Value,
  shape: Shape,
  isLast: boolean,
  add: Add,
  make: (x: Value, shape: Shape, order: readonly number[]) => Value,
): Value {
  if (x.shape.length < 3) {
    const ones = x.shape.length === 1 ? [1, 1] : [1];
    const image = add({ op: "reshape" }, [...x.shape, ...ones], x);
    return add({ op: "reshape" }, shape, make(image, [...shape, ...ones], [0, 1, 2]));
  }
  if (!isLast) return make(x, shape, [0, 1, 2]);
  const turn = (of: Value, order: readonly number[]): Value =>
    add({ op: "transpose", order }, order.map((axis) => of.shape[axis]!), of);
  const order = [2, 0, 1];
  return turn(make(turn(x, order), order.map((axis) => shape[axis]!), order), [1, 2, 0]);
}

/** Zeros beside features, which others have around images alone; or rows and columns one by one. */
const pad: Lowering<Op<"pad">> = (operation, shape, [x], add) => {
  const { before, after, mode } = operation;
  if (mode === "constant") {
    const rank = shape.length;
    const isLast = rank === 3 && before[2]! + after[2]! > 0;
    if (rank > 3 || rank === 3 && !isLast) return undefined;
    const isImage = isLast && before.slice(0, 2).some((one, axis) => one + after[axis]! > 0);
    const list = (of: readonly number[], order: readonly number[]): number[] =>
      order.map((axis) => of[axis] ?? 0);
    if (!isImage) {
      return alongImage(
        x!,
        shape,
        isLast,
        add,
        (image, own, order) =>
          add({ ...operation, before: list(before, order), after: list(after, order) }, own, image),
      );
    }
    const inner = [shape[0]!, shape[1]!, x!.shape[2]!];
    const first = { before: before.with(2, 0), after: after.with(2, 0) };
    const last = { before: [0, 0, before[2]!], after: [0, 0, after[2]!] };
    return add({ ...operation, ...last }, shape, add({ ...operation, ...first }, inner, x!));
  }
  let y = x!;
  for (const axis of before.keys()) {
    const length = y.shape[axis]!;
    const at = (place: number): Value =>
      add(
        { op: "slice", begin: y.shape.map((_, i) => i === axis ? place : 0) },
        y.shape.with(axis, 1),
        y,
      );
    const isEdge = mode === "edge";
    const first = Array.from(
      { length: before[axis]! },
      (_, i) => at(isEdge ? 0 : before[axis]! - i),
    );
    const last = Array.from(
      { length: after[axis]! },
      (_, i) => at(isEdge ? length - 1 : length - 2 - i),
    );
    const size = length + first.length + last.length;
    if (size > length) {
      y = add({ op: "concat", axis }, y.shape.with(axis, size), ...first, y, ...last);
    }
  }
  return y;
};

/** Of features, as of rows; of images and features, one after the other. */
const slice: Lowering<Op<"slice">> = ({ begin }, shape, [x], add) => {
  if (shape.length > 3) return undefined;
  const isLast = shape.length === 3 && shape[2] !== x!.shape[2];
  if (shape.length === 3 && !isLast) return undefined;
  const inner = [shape[0]!, shape[1]!, x!.shape[2]!];
  const isBoth = isLast && `${inner}` !== `${x!.shape}`;
  const own = isBoth ? add({ op: "slice", begin: begin.with(2, 0) }, inner, x!) : x!;
  const rest = isBoth ? [0, 0, begin[2]!] : begin;
  return alongImage(
    own,
    shape,
    isLast,
    add,
    (image, size, order) =>
      add({ op: "slice", begin: order.map((axis) => rest[axis] ?? 0) }, size, image),
  );
};

/** Means of whole maps, which stay images. */
const reduce: Lowering<Op<"reduce">> = ({ by, axes, keep }, shape, [x], add) => {
  if (by === "sum") {
    const number = axes.reduce((product, axis) => product * x!.shape[axis]!, 1);
    const means = add({ op: "reduce", by: "mean", axes, keep }, shape, x!);
    return add({ op: "number", by: "mul", number, isFirst: false }, shape, means);
  }
  if (!keep) return undefined;
  const small = x!.shape.filter((_, axis) => !axes.includes(axis));
  return add({ op: "reshape" }, shape, add({ op: "reduce", by, axes, keep: false }, small, x!));
};

/** The whole output of a kernel that has zeros at its end, cut to what is wanted of it. */
const convTranspose: Lowering<Op<"convTranspose">> = (given, shape, [x], add) => {
  const operation = withoutGaps(given);
  const { kernel, groups, padding, stride } = operation;
  const [height, width, own, channels] = kernel.shape as [number, number, number, number];
  const features = own * groups;
  const lengths = ([0, 1] as const).map((axis) => {
    const before = (x!.shape[axis]! - 1) * stride[axis];
    return Math.max(kernel.shape[axis]!, stride[axis], padding[axis] + shape[axis]! - before);
  }) as [number, number];
  const sizes = [...lengths, features, channels];
  const inGroup = channels / groups;
  const whole = derived(sizes, [kernel], ([numbers]) => {
    const result = new Float32Array(sizeOf(sizes));
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let i = 0; i < own * channels; i++) {
          const [feature, channel] = [Math.floor(i / channels), i % channels];
          const place = Math.floor(channel / inGroup) * own + feature;
          const to = ((row * lengths[1] + column) * features + place) * channels + channel;
          result[to] = numbers![(row * width + column) * own * channels + i]!;
        }
      }
    }
    return result;
  });
  const full = lengths.map((length, axis) => (x!.shape[axis]! - 1) * stride[axis]! + length);
  const y = add(
    { ...operation, kernel: whole, groups: 1, padding: [0, 0] },
    [...full, features],
    x!,
  );
  if (`${y.shape}` === `${shape}`) return y;
  return add({ op: "slice", begin: [...padding, 0] }, shape, y);
};

const pixelShuffle: Lowering<Op<"pixelShuffle">> = ({ factor }, shape, [x], add) => {
  const [height, width] = x!.shape as [number, number];
  const parts = [height, width, shape[2]!, factor, factor];
  const order = [0, 3, 1, 4, 2];
  const split = add({ op: "reshape" }, parts, x!);
  const turned = add({ op: "transpose", order }, order.map((axis) => parts[axis]!), split);
  return add({ op: "reshape" }, shape, turned);
};

/** Pixels of another size as sums of an axis's pixels: a convolution whose channels those are. */
const resample: Lowering<Op<"resample">> = (resampling, shape, [x], add) => {
  let y = x!;
  for (const axis of [0, 1] as const) {
    const [length, count] = [y.shape[axis]!, shape[axis]!];
    if (length === count) continue;
    const order = axis === 0 ? [2, 1, 0] : [0, 2, 1];
    const turn = (of: Value): Value =>
      add({ op: "transpose", order }, order.map((one) => of.shape[one]!), of);
    const kernel = fixed([1, 1, length, count], () => {
      const numbers = new Float32Array(length * count);
      for (let i = 0; i < count; i++) {
        for (const [pixel, share] of sourcesOf(i, length, count, resampling)) {
          numbers[pixel * count + i]! += share;
        }
      }
      return numbers;
    });
    const turned = turn(y);
    const slide = { size: [1, 1], stride: [1, 1], ...UNPADDED } as const;
    y = turn(add({ op: "conv", ...slide, groups: 1, kernel }, turned.shape.with(2, count), turned));
  }
  return y;
};

/** Zeros around by themselves, and the filters of each group. */
const conv: Lowering<Op<"conv">> = ({ groups, kernel, bias, ...rest }, shape, [x], add) => {
  const { before, after } = rest;
  if ([...before, ...after].some((one) => one > 0)) {
    const weights = { groups, kernel, ...(bias ? { bias } : {}) };
    const padded = padImage(add, x!, before, after, 0);
    return add({ ...rest, ...weights, before: [0, 0], after: [0, 0] }, shape, padded);
  }
  if (groups === 1) return undefined;
  const [height, width, inputs, features] = kernel.shape as [number, number, number, number];
  const own = features / groups;
  const sizes = [height, width, inputs, own];
  const parts = Array.from({ length: groups }, (_, group) => {
    const part = derived(
      sizes,
      [kernel],
      ([all]) =>
        Float32Array.from(
          { length: sizeOf(sizes) },
          (_, i) => all![Math.floor(i / own) * features + group * own + i % own]!,
        ),
    );
    const added = bias &&
      derived([own], [bias], ([all]) => all!.slice(group * own, (group + 1) * own));
    const begin = [0, 0, group * inputs];
    const channels = add({ op: "slice", begin }, x!.shape.with(2, inputs), x!);
    const weights = { kernel: part, ...(added ? { bias: added } : {}) };
    return add({ ...rest, ...weights, groups: 1 }, shape.with(2, own), channels);
  });
  return add({ op: "concat", axis: 2 }, shape, ...parts);
};

/** An operation whose kernel has zeros in its gaps, as none may have both stride and gaps. */
export function withoutGaps<O extends Op<"conv"> | Op<"convTranspose">>(operation: O): O {
  const { kernel, dilation } = operation;
  if (dilation.every((one) => one === 1)) return operation;
  const [height, width, ...rest] = kernel.shape as [number, number, number, number];
  const size = [(height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1] as const;
  const each = sizeOf(rest);
  const spread = derived([...size, ...rest], [kernel], ([own]) => {
    const numbers = new Float32Array(sizeOf(size) * each);
    for (let tap = 0; tap < height * width; tap++) {
      const place = Math.floor(tap / width) * dilation[0] * size[1] + tap % width * dilation[1];
      numbers.set(own!.subarray(tap * each, (tap + 1) * each), place * each);
    }
    return numbers;
  });
  const slide = operation.op === "conv" ? { size } : {};
  return { ...operation, ...slide, kernel: spread, dilation: [1, 1] };
}

/** By feature, as a convolution of each by itself. */
const constant: Lowering<Op<"constant">> = ({ by, value, isFirst }, shape, [x], add) => {
  const features = shape.at(-1)!;
  const isByFeature = sizeOf(value.shape) === features && value.shape.at(-1) === features;
  const factor = by === "mul" || by === "add" || by === "sub" && !isFirst;
  if (!isByFeature || !factor) return undefined;
  const sizes = [1, 1, 1, features];
  const ones = fixed(sizes, () => new Float32Array(features).fill(1));
  const sign = by === "sub" ? -1 : 1;
  const numbers = (own: Float32Array): Float32Array => own.map((one) => sign * one);
  const weights = by === "mul"
    ? { kernel: { ...value, shape: sizes } }
    : { kernel: ones, bias: derived([features], [value], ([own]) => numbers(own!)) };
  const image = shape.length === 3
    ? x!
    : add({ op: "reshape" }, [1, sizeOf(shape) / features, features], x!);
  const slide = { size: [1, 1], stride: [1, 1], ...UNPADDED } as const;
  const y = add({ op: "conv", ...slide, groups: features, ...weights }, image.shape, image);
  return shape.length === 3 ? y : add({ op: "reshape" }, shape, y);
};

const LOWERINGS: { readonly [Name in Operation["op"]]?: Lowering<Op<Name>> } = {
  norm,
  responses,
  meanPool,
  maxPool,
  pad,
  slice,
  reduce,
  convTranspose,
  constant,
  pixelShuffle,
  resample,
  conv,
  each: ({ f, alpha = 1 }, shape, [x], add) => {
    return FUNCTIONS[f]?.(new Formula(add, shape), x!, alpha);
  },
  clip: ({ low, high }, shape, [x], add) => {
    const is = new Formula(add, shape);
    return is.number("min", is.number("max", x!, low), high);
  },
  prelu: ({ slope }, shape, [x], add) => {
    const is = new Formula(add, shape);
    const below = is.each("relu", is.number("mul", x!, -1));
    const sizes = [...shape.slice(1).map(() => 1), ...slope.shape];
    const value = derived(sizes, [slope], ([own]) => own!);
    const product = add({ op: "constant", by: "mul", value, isFirst: false }, shape, below);
    return is.join("sub", is.each("relu", x!), product);
  },
};
