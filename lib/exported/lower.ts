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
) => Value;

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
  number: number,
): Value {
  if ([...before, ...after].every((one) => one === 0)) return x;
  const shape = x.shape.map((size, axis) => (before[axis] ?? 0) + size + (after[axis] ?? 0));
  const sides = { before: [before[0]!, before[1]!, 0], after: [after[0]!, after[1]!, 0] };
  return add({ op: "pad", ...sides, mode: "constant", number }, shape, x);
}

/** What no window reaches is cut off, and what is around the image is put around it. */
const maxPool: Lowering<Op<"maxPool">> = (operation, shape, [x], add) => {
  const { before, after } = operation;
  const padded = padImage(add, x!, before, after, LEAST);
  return add({ ...operation, before: [0, 0], after: [0, 0] }, shape, padded);
};

/** What a window's largest is never. */
const LEAST = -3.4028234663852886e38;

/** Rows and columns beside the image, one by one. */
const pad: Lowering<Op<"pad">> = ({ before, after, mode }, _shape, [x], add) => {
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

/** The filters of each group by themselves. */
const conv: Lowering<Op<"conv">> = ({ groups, kernel, bias, ...rest }, shape, [x], add) => {
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

const LOWERINGS: { readonly [Name in Operation["op"]]?: Lowering<Op<Name>> } = {
  norm,
  responses,
  meanPool,
  maxPool,
  pad,
  pixelShuffle,
  resample,
  conv,
  each: ({ f, alpha = 1 }, shape, [x], add) => {
    const known = FUNCTIONS[f];
    if (known) return known(new Formula(add, shape), x!, alpha);
    throw new Error(`No formula of ${f}`);
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
