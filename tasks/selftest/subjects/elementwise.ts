// Functions of numbers, one by one and in pairs, also of what is infinite or not a number.
import { applyCurve } from "../../../lib/tensor/curves.ts";
import { erf } from "../../../lib/tensor/functions_host.ts";
import { tf } from "../../../mod.ts";
import type { Numbers } from "../reference.ts";
import type { Draw, Input, Subject, Trial } from "../subject.ts";

type Unary = readonly [
  run: (x: tf.Tensor) => tf.Tensor,
  value: (x: number) => number,
  range?: readonly [number, number],
];

const clamp = (x: number, least: number, most: number): number =>
  Number.isNaN(x) ? x : Math.min(most, Math.max(least, x));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Functions with gradients, and where they are tried: between -3 and 3 unless it is said. */
const UNARY: Readonly<Record<string, Unary>> = {
  abs: [tf.abs, Math.abs],
  clipByValue: [(x) => tf.clipByValue(x, -0.5, 1.25), (x) => clamp(x, -0.5, 1.25)],
  cos: [tf.cos, Math.cos, [-3, 3]],
  elu: [tf.elu, (x) => x < 0 ? Math.expm1(x) : x],
  exp: [tf.exp, Math.exp],
  gelu: [(x) => applyCurve(x, "gelu"), (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))],
  geluTanh: [
    (x) => applyCurve(x, "geluTanh"),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  hardSigmoid: [(x) => applyCurve(x, "hardSigmoid"), (x) => clamp(x + 3, 0, 6) / 6],
  hardSwish: [(x) => applyCurve(x, "hardSwish"), (x) => x * clamp(x + 3, 0, 6) / 6],
  expm1: [tf.expm1, Math.expm1, [-0.01, 0.01]],
  leakyRelu: [(x) => tf.leakyRelu(x, 0.25), (x) => x < 0 ? 0.25 * x : x],
  log: [tf.log, Math.log, [0.1, 9]],
  log1p: [tf.log1p, Math.log1p, [-0.01, 0.01]],
  neg: [tf.neg, (x) => -x],
  reciprocal: [tf.reciprocal, (x) => 1 / x, [0.5, 3]],
  relu: [tf.relu, (x) => x < 0 ? 0 : x],
  relu6: [tf.relu6, (x) => clamp(x, 0, 6), [-3, 9]],
  rsqrt: [tf.rsqrt, (x) => 1 / Math.sqrt(x), [0.2, 9]],
  selu: [
    (x) => applyCurve(x, "selu"),
    (x) => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x),
  ],
  sigmoid: [tf.sigmoid, sigmoid],
  silu: [(x) => applyCurve(x, "silu"), (x) => x * sigmoid(x)],
  sin: [tf.sin, Math.sin, [-3, 3]],
  softplus: [tf.softplus, (x) => Math.log1p(Math.exp(x))],
  sqrt: [tf.sqrt, Math.sqrt, [0.1, 9]],
  square: [tf.square, (x) => x * x],
  tanh: [tf.tanh, Math.tanh],
};

/** Functions in steps: their gradients are zero. */
const STEPS: Readonly<Record<string, Unary>> = {
  ceil: [tf.ceil, Math.ceil],
  floor: [tf.floor, Math.floor],
  sign: [tf.sign, Math.sign],
};

/** What IEEE 754 says of numbers that are none, and of infinities. */
const ODD: Readonly<Record<string, Unary>> = Object.fromEntries(
  [
    "abs",
    "clipByValue",
    "elu",
    "exp",
    "leakyRelu",
    "log",
    "neg",
    "relu",
    "relu6",
    "sigmoid",
    "sqrt",
    "square",
    "tanh",
  ]
    .map((name) => [name, UNARY[name]!]),
);

function unaryTrial(input: Input, [run, value]: Unary, gradients: "differences" | "none"): Trial {
  return { inputs: [input], run: (x) => run(x!), reference: (x) => x!.map(value), gradients };
}

/** Numbers in a range, whose gradients have no kinks between differences. */
function smooth(draw: Draw, range: readonly [number, number] | undefined): Input {
  const shape = draw.shape([1, 4], 5);
  const [least, most] = range ?? [-3, 3];
  const { values } = draw.between(shape, least, most);
  if (range) return { shape, values };
  // A thousandth away from the kinks at multiples of a quarter.
  return { shape, values: values.map((x) => Math.round(x * 100) / 100 + 0.003) };
}

const unary: readonly Subject[] = [
  ...Object.entries(UNARY).map(([name, f]): Subject => ({
    name,
    draw: (draw) => unaryTrial(smooth(draw, f[2]), f, "differences"),
  })),
  ...Object.entries(STEPS).map(([name, f]): Subject => ({
    name,
    draw: (draw) => unaryTrial(draw.between(draw.shape([1, 4], 5), -3, 3), f, "none"),
  })),
  ...Object.entries(ODD).map(([name, f]): Subject => ({
    name: `${name} of infinities and NaN`,
    draw: (draw) => {
      const odd = [NaN, Infinity, -Infinity, 0, 1, -1];
      // Too many for tfjs to compute on the host.
      const shape = [4 * 300 + draw.whole(0, 3)];
      const values = Float32Array.from({ length: shape[0]! }, () => draw.pick(odd));
      return unaryTrial({ shape, values }, f, "none");
    },
  })),
];

type Binary = readonly [
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  value: (a: number, b: number) => number,
  tolerance?: number,
];

/** Pairs of numbers, the first of them any, the second between 0.5 and 3. */
const BINARY: Readonly<Record<string, Binary>> = {
  add: [tf.add, (a, b) => a + b],
  div: [tf.div, (a, b) => a / b],
  maximum: [tf.maximum, Math.max],
  minimum: [tf.minimum, Math.min],
  mul: [tf.mul, (a, b) => a * b],
  pow: [(a, b) => tf.pow(tf.abs(a), b), (a, b) => Math.abs(a) ** b, 1e-4],
  squaredDifference: [tf.squaredDifference, (a, b) => (a - b) ** 2],
  sub: [tf.sub, (a, b) => a - b],
  where: [(a, b) => tf.where(tf.greater(a, 0), a, tf.mul(b, a)), (a, b) => a > 0 ? a : b * a],
};

const COMPARISONS: Readonly<Record<string, Binary>> = {
  equal: [tf.equal, (a, b) => Number(a === b)],
  greater: [tf.greater, (a, b) => Number(a > b)],
  less: [tf.less, (a, b) => Number(a < b)],
};

/** Calls `f` with the numbers that broadcasting brings together. */
function broadcast(
  a: Numbers,
  b: Numbers,
  [shapeA, shapeB]: readonly [readonly number[], readonly number[]],
  f: (a: number, b: number) => number,
): Float64Array {
  const rank = Math.max(shapeA.length, shapeB.length);
  const shape = Array.from({ length: rank }, (_, axis) => {
    const sizes = [shapeA, shapeB].map((own) => own[own.length - rank + axis] ?? 1);
    return Math.max(...sizes);
  });
  const at = (place: readonly number[], own: readonly number[]): number =>
    own.reduce((flat, size, axis) => {
      const index = place[place.length - own.length + axis]!;
      return flat * size + (size === 1 ? 0 : index);
    }, 0);
  const size = shape.reduce((product, length) => product * length, 1);
  return Float64Array.from({ length: size }, (_, flat) => {
    const place: number[] = [];
    for (const length of shape.toReversed()) {
      place.unshift(flat % length);
      flat = Math.floor(flat / length);
    }
    return f(a[at(place, shapeA)]!, b[at(place, shapeB)]!);
  });
}

function binaryTrial(draw: Draw, [run, value]: Binary, gradients: "differences" | "none"): Trial {
  const whole = draw.shape([2, 4], 5);
  const thinned = whole.map((size) => draw.pick([1, size, size]));
  const shapes = draw.pick([
    [whole, whole],
    [whole, thinned],
    [thinned, whole],
    [whole, whole.slice(draw.whole(1, whole.length))],
    [whole.slice(1), whole],
  ]);
  // Steps of a hundredth, so that no two are as near as differences reach.
  const spaced = (shape: readonly number[], least: number, shift: number): Input => ({
    shape,
    values: draw.between(shape, least, 3).values.map((x) => Math.round(x * 100) / 100 + shift),
  });
  return {
    inputs: [spaced(shapes[0]!, -3, 0.004), spaced(shapes[1]!, 0.5, 0)],
    run: (a, b) => tf.cast(run(a!, b!), "float32"),
    reference: (a, b) => broadcast(a!, b!, [shapes[0]!, shapes[1]!], value),
    gradients,
  };
}

/** Functions of one number, and of two. */
export const elementwise: readonly Subject[] = [
  ...unary,
  ...Object.entries(BINARY).map(([name, f]): Subject => ({
    name,
    ...(f[2] ? { tolerance: f[2] } : {}),
    draw: (draw) => binaryTrial(draw, f, "differences"),
  })),
  ...Object.entries(COMPARISONS).map(([name, f]): Subject => ({
    name,
    draw: (draw) => binaryTrial(draw, f, "none"),
  })),
];
