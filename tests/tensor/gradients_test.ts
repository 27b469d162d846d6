// Gradients of tfjs's operations against central differences, at odd sizes.
import { assert, assertEquals } from "@std/assert";
import { key, type Tensor, type Tensor4D, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertGradients } from "../finite_differences.ts";

type Inputs = { readonly [name: string]: Tensor };
type Case = readonly [f: (x: Inputs) => Tensor, inputs: Readonly<Record<string, Given>>];

/** Shape, and between which numbers its values lie. */
type Given = readonly [shape: readonly number[], from?: number, to?: number];

const ODD = [3, 1, 5] as const;

/** A function of one tensor, of values between which it has no kink. */
const one = (f: (x: never) => Tensor, from = -2, to = 2, shape: readonly number[] = ODD): Case => [
  ({ x }) => f(x as never),
  { x: [shape, from, to] },
];

/** A function of two that are broadcast to each other. */
const two = (f: (a: never, b: never) => Tensor, from = -2, to = 2): Case[] =>
  ([[[3, 1, 5], [7, 1]], [[5], [3, 5]], [[3, 5], [3, 5]], [[], [2, 3]]] as const).map((shapes) => [
    ({ a, b }) => f(a as never, b as never),
    { a: [shapes[0], from, to], b: [shapes[1], from, to] },
  ]);

/** Of what has no slope, beside what has one: tfjs refuses functions of nothing. */
const flat = (f: (x: Tensor) => Tensor, from = 0.1, to = 0.45): Case[] => [
  one((x: Tensor) => tf.add(tf.cast(f(x), "float32"), x), from, to),
];

const ids = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, "int32");
const clipped: Case[1] = { x: [ODD, -2, -1.1] };

/** Of each operation that has a gradient, by the name of its kernel. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  Abs: [one(tf.abs, 0.1), one(tf.abs, -2, -0.1)],
  Acos: [one(tf.acos, -0.8, 0.8)],
  Acosh: [one(tf.acosh, 1.5, 3)],
  Add: two(tf.add),
  AddN: [[({ a, b }) => tf.addN([a!, b!, a!]), { a: [ODD], b: [ODD] }]],
  ArgMax: flat((x) => tf.expandDims(tf.argMax(x, 2), 2), -20, 20),
  ArgMin: flat((x) => tf.expandDims(tf.argMin(x, 2), 2), -20, 20),
  Asin: [one(tf.asin, -0.8, 0.8)],
  Asinh: [one(tf.asinh)],
  Atan: [one(tf.atan)],
  Atan2: two(tf.atan2, 0.5, 2),
  Atanh: [one(tf.atanh, -0.8, 0.8)],
  AvgPool: [
    one((x: Tensor4D) => tf.avgPool(x, [3, 2], 2, "same"), -2, 2, [2, 5, 4, 3]),
    one((x: Tensor4D) => tf.avgPool(x, 2, 1, "valid"), -2, 2, [1, 3, 5, 2]),
  ],
  AvgPool3D: [one((x: tf.Tensor5D) => tf.avgPool3d(x, 2, 2, "same"), -2, 2, [1, 3, 3, 3, 2])],
  BatchMatMul: [false, true].flatMap((ta) =>
    [false, true].map((tb): Case => [
      ({ a, b }) => tf.matMul(a!, b!, ta, tb),
      { a: [[2, ...(ta ? [5, 3] : [3, 5])]], b: [[1, ...(tb ? [7, 5] : [5, 7])]] },
    ])
  ),
  BatchToSpaceND: [
    one((x: Tensor) => tf.batchToSpaceND(x, [2, 2], [[0, 1], [1, 0]]), -2, 2, [4, 3, 2, 1]),
  ],
  Cast: [one((x: Tensor) => tf.add(tf.cast(tf.cast(x, "int32"), "float32"), x), 0.1, 0.9)],
  Ceil: flat(tf.ceil),
  ClipByValue: [
    one((x: Tensor) => tf.clipByValue(x, -1, 1), -0.9, 0.9),
    [({ x }) => tf.add(tf.clipByValue(x!, -1, 1), x!), clipped],
  ],
  Concat: [
    [({ a, b }) => tf.concat([a!, b!, a!], 1), { a: [[3, 2, 5]], b: [[3, 1, 5]] }],
    [({ a, b }) => tf.concat([a!, b!], -1), { a: [[3, 2]], b: [[3, 5]] }],
  ],
  Conv2D: [
    [({ x, w }) => tf.conv2d(x as Tensor4D, w as Tensor4D, 2, "same"), {
      x: [[2, 5, 4, 3]],
      w: [[3, 2, 3, 2]],
    }],
    [({ x, w }) => tf.conv2d(x as Tensor4D, w as Tensor4D, 1, 1), {
      x: [[1, 4, 5, 1]],
      w: [[3, 3, 1, 5]],
    }],
  ],
  Conv2DBackpropInput: [
    [({ x, w }) => tf.conv2dTranspose(x as Tensor4D, w as Tensor4D, [2, 5, 5, 2], 2, "same"), {
      x: [[2, 3, 3, 3]],
      w: [[3, 3, 2, 3]],
    }],
  ],
  Conv3D: [
    [({ x, w }) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 2, "same"), {
      x: [[1, 3, 3, 3, 2]],
      w: [[2, 2, 2, 2, 3]],
    }],
  ],
  Cos: [one(tf.cos)],
  Cosh: [one(tf.cosh)],
  Cumsum: [one((x: Tensor) => tf.cumsum(x, 2, true, true)), one((x: Tensor) => tf.cumsum(x, 0))],
  DepthwiseConv2dNative: [
    [({ x, w }) => tf.depthwiseConv2d(x as Tensor4D, w as Tensor4D, 2, "same"), {
      x: [[2, 5, 4, 3]],
      w: [[3, 3, 3, 2]],
    }],
  ],
  Dilation2D: [
    [({ x, w }) => tf.dilation2d(x as Tensor4D, w as tf.Tensor3D, 1, "valid"), {
      x: [[1, 4, 5, 3]],
      w: [[2, 2, 3]],
    }],
  ],
  Elu: [one(tf.elu, 0.1), one(tf.elu, -2, -0.1)],
  Erf: [one(tf.erf)],
  Exp: [one(tf.exp)],
  ExpandDims: [one((x: Tensor) => tf.expandDims(x, 1))],
  Expm1: [one(tf.expm1)],
  Floor: flat(tf.floor),
  FloorDiv: [one((x: Tensor) => tf.add(tf.floorDiv(x, 7), x), 0.1, 0.9)],
  FusedBatchNorm: [
    ...[[5], [2, 1, 3, 5]].map((shape): Case => [
      ({ x, m, v, s, o }) => tf.batchNorm(x!, m as never, v as never, o as never, s as never, 0.01),
      { x: [[2, 1, 3, 5]], m: [shape], v: [shape, 0.5, 2], s: [shape], o: [shape] },
    ]),
    [({ x, m, v }) => tf.batchNorm(x!, m as never, v as never), {
      x: [[3, 5]],
      m: [[5]],
      v: [[5], 0.5, 2],
    }],
  ],
  GatherV2: [
    one((x: Tensor) => tf.gather(x, ids(2, 0, 2)), -2, 2, [3, 5]),
    one((x: Tensor) => tf.gather(x, tf.tensor2d([[4, 0], [1, 4]], [2, 2], "int32"), 2)),
    one(
      (x: Tensor) => tf.gather(x, tf.tensor2d([[3, 0, 3], [1, 1, 2]], [2, 3], "int32"), 2, 1),
      -2,
      2,
      [2, 3, 4, 2],
    ),
  ],
  GreaterEqual: flat((x) => tf.greaterEqual(x, 0.05)),
  Identity: [one((x: Tensor) => x.clone())],
  IsFinite: flat(tf.isFinite),
  IsInf: flat(tf.isInf),
  IsNan: flat(tf.isNaN),
  LRN: [
    one((x: Tensor4D) => tf.localResponseNormalization(x, 1, 1, 0.5, 0.75), -2, 2, [1, 2, 3, 5]),
  ],
  LeakyRelu: [one((x: Tensor) => tf.leakyRelu(x, 0.3), 0.1), one(tf.leakyRelu, -2, -0.1)],
  Log: [one(tf.log, 0.5)],
  Log1p: [one(tf.log1p, -0.5)],
  Max: [
    one((x: Tensor) => tf.max(x, 2), -20, 20),
    one((x: Tensor) => tf.max(x, [0, 1], true), -20, 20),
  ],
  MaxPool: [
    one((x: Tensor4D) => tf.maxPool(x, [3, 2], 2, "same"), -20, 20, [2, 5, 4, 3]),
    one((x: Tensor4D) => tf.maxPool(x, 3, 2, 1, "ceil"), -20, 20, [1, 4, 4, 2]),
  ],
  MaxPool3D: [one((x: tf.Tensor5D) => tf.maxPool3d(x, 2, 2, "same"), -20, 20, [1, 3, 3, 3, 2])],
  Maximum: two(tf.maximum, -20, 20),
  Mean: [one((x: Tensor) => tf.mean(x)), one((x: Tensor) => tf.mean(x, [0, 2], true))],
  Min: [
    one((x: Tensor) => tf.min(x), -20, 20),
    one((x: Tensor) => tf.min(x, 2, true), -20, 20),
  ],
  Minimum: two(tf.minimum, -20, 20),
  MirrorPad: [
    one((x: Tensor) => tf.mirrorPad(x, [[1, 0], [2, 1]], "reflect"), -2, 2, [3, 5]),
    one((x: Tensor) => tf.mirrorPad(x, [[1, 3], [2, 0]], "symmetric"), -2, 2, [3, 5]),
  ],
  Mod: [[({ a, b }) => tf.mod(a!, b!), { a: [[3, 5], 4.2, 4.8], b: [[5], 1.7, 1.9] }]],
  Multiply: two(tf.mul),
  Neg: [one(tf.neg)],
  OneHot: [
    one(
      (x: Tensor) => {
        const hot = tf.oneHot(tf.cast(x, "int32"), 3);
        return tf.add(tf.cast(hot, "float32"), tf.expandDims(x, -1));
      },
      1.1,
      1.9,
    ),
  ],
  OnesLike: flat(tf.onesLike),
  Pack: [[({ a, b }) => tf.stack([a!, b!], 1), { a: [[3, 5]], b: [[3, 5]] }]],
  PadV2: [one((x: Tensor) => tf.pad(x, [[1, 0], [0, 2], [3, 1]], 7))],
  Pow: [
    ...two(tf.pow, 0.5, 2),
    [({ a }) => tf.pow(a!, 3), { a: [ODD, -2, -0.5] }],
    [({ a }) => tf.pow(a!, ids(0, 1, 2, 3, 4)), { a: [ODD] }],
  ],
  Prelu: [
    [({ x, a }) => tf.prelu(x!, a!), { x: [[3, 2, 5], 0.1, 2], a: [[5]] }],
    [({ x, a }) => tf.prelu(x!, a!), { x: [[3, 2, 5], -2, -0.1], a: [[2, 1]] }],
  ],
  Prod: [
    one((x: Tensor) => tf.prod(x)),
    one((x: Tensor) => tf.prod(x, [0, -1])),
    one((x: Tensor) => tf.prod(x, 1, true), -2, 2, [2, 3, 5]),
  ],
  RealDiv: two(tf.div, 0.7, 2),
  Reciprocal: [one(tf.reciprocal, 0.7)],
  Relu: [one(tf.relu, 0.1)],
  Relu6: [one(tf.relu6, 0.1, 5.9), one((x: Tensor) => tf.add(tf.relu6(x), x), 6.1, 8)],
  Reshape: [one((x: Tensor) => tf.reshape(x, [5, 3]))],
  ResizeBilinear: [
    one((x: Tensor4D) => tf.image.resizeBilinear(x, [5, 2], false, true), -2, 2, [2, 3, 4, 1]),
  ],
  ResizeNearestNeighbor: [
    one((x: Tensor4D) => tf.image.resizeNearestNeighbor(x, [5, 2]), -2, 2, [2, 3, 4, 1]),
  ],
  Reverse: [one((x: Tensor) => tf.reverse(x, [0, 2])), one((x: Tensor) => tf.reverse(x, -1))],
  Round: flat(tf.round),
  Rsqrt: [one(tf.rsqrt, 0.7)],
  Select: [
    [({ a, b }) => tf.where(tf.tensor1d([1, 0, 1, 0, 0], "bool"), a!, b!), { a: [[5]], b: [[5]] }],
  ],
  Selu: [one(tf.selu, 0.1), one(tf.selu, -2, -0.1)],
  Sigmoid: [one(tf.sigmoid)],
  Sign: flat(tf.sign),
  Sin: [one(tf.sin)],
  Sinh: [one(tf.sinh)],
  Slice: [
    one((x: Tensor) => tf.slice(x, [1, 0, 2], [2, 1, -1])),
    one((x: Tensor) => tf.slice(x, 3, 1), -2, 2, [7]),
  ],
  Softmax: [one(tf.softmax as never)],
  Softplus: [one(tf.softplus)],
  SpaceToBatchND: [
    one((x: Tensor) => tf.spaceToBatchND(x, [2, 2], [[1, 0], [0, 1]]), -2, 2, [1, 3, 5, 2]),
  ],
  SplitV: [
    one((x: Tensor) => tf.mul(...tf.split(x, [2, 2], 1) as [Tensor, Tensor]), -2, 2, [3, 4]),
  ],
  Sqrt: [one(tf.sqrt, 0.5)],
  Square: [one(tf.square)],
  SquaredDifference: two(tf.squaredDifference),
  Step: flat((x) => tf.step(x, 0.3)),
  Sub: two(tf.sub),
  Sum: [one((x: Tensor) => tf.sum(x, [0, 2])), one((x: Tensor) => tf.sum(x))],
  Tan: [one(tf.tan, -1, 1)],
  Tanh: [one(tf.tanh)],
  Tile: [
    one((x: Tensor) => tf.tile(x, [2, 3, 1])),
    one((x: Tensor) => tf.tile(x, [1, 2, 1, 2, 3]), -2, 2, [2, 1, 2, 3, 1]),
  ],
  Transpose: [one((x: Tensor) => tf.transpose(x, [2, 0, 1])), one((x: Tensor) => tf.transpose(x))],
  Unpack: [one((x: Tensor) => tf.addN(tf.unstack(x, 2).slice(1)))],
  UnsortedSegmentSum: [
    one((x: Tensor) => tf.unsortedSegmentSum(x, ids(3, 0, -1, 3, 1), 4), -2, 2, [5, 3]),
  ],
  ZerosLike: flat(tf.zerosLike),
};

/** Runs `f` and says how often the gradient of a kernel was asked for. */
async function countCalls(kernelName: string, f: () => Promise<void>): Promise<number> {
  const own = tf.getGradient(kernelName)!;
  let calls = 0;
  const gradFunc: typeof own.gradFunc = (...given) => {
    calls++;
    return own.gradFunc(...given);
  };
  tf.registerGradient({ ...own, gradFunc });
  try {
    await f();
  } finally {
    tf.registerGradient(own);
  }
  return calls;
}

for (const [kernelName, cases] of Object.entries(CASES)) {
  onEachBackend(`the gradient of ${kernelName} is what differences say`, async () => {
    const calls = await countCalls(kernelName, async () => {
      for (const [f, given] of cases) {
        const inputs = Object.entries(given).map(([name, [shape, from = -2, to = 2]], i) => {
          const values = uniformArray(key(i + 3), tf.util.sizeFromShape([...shape]));
          return [name, tf.tensor(values.map((at) => from + (to - from) * at), [...shape])];
        });
        await assertGradients(f, Object.fromEntries(inputs), { tolerance: 3e-3 });
      }
    });
    assert(calls >= cases.length, `${calls} calls`);
  });
}

Deno.test("every gradient of tfjs's operations is compared with differences", () => {
  const names = Object.values(tf).filter((value) => typeof value === "string");
  const known = names.filter((name) => tf.getGradient(name) !== undefined);
  // These two are neocog's own operations: tf.fused.conv2d and tf.fused.matMul have gradients of theirs.
  const own = ["FusedConv2D", "_FusedMatMul"];
  assertEquals(Object.keys(CASES).concat(own).sort(), [...new Set(known)].sort());
});
