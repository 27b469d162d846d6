// Functions of numbers and normalizations that a format lacks, by arithmetic.
import {
  type Add,
  derived,
  fixed,
  type NumberFunction,
  UNPADDED,
  type Value,
} from "../layers/operation.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import type { Lowering, Lowerings, Op } from "./lowering.ts";

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

const each: Lowering<Op<"each">> = ({ f, alpha = 1 }, shape, [x], add) => {
  return FUNCTIONS[f]?.(new Formula(add, shape), x!, alpha);
};

const clip: Lowering<Op<"clip">> = ({ low, high }, shape, [x], add) => {
  const is = new Formula(add, shape);
  return is.number("min", is.number("max", x!, low), high);
};

const prelu: Lowering<Op<"prelu">> = ({ slope }, shape, [x], add) => {
  const is = new Formula(add, shape);
  const below = is.each("relu", is.number("mul", x!, -1));
  const sizes = [...shape.slice(1).map(() => 1), ...slope.shape];
  const value = derived(sizes, [slope], ([own]) => own!);
  const product = add({ op: "constant", by: "mul", value, isFirst: false }, shape, below);
  return is.join("sub", is.each("relu", x!), product);
};

/** Functions and normalizations that are made of others. */
export const NUMBER_LOWERINGS: Lowerings = { norm, responses, each, clip, prelu };
