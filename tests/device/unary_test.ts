// Functions of one number hold their digits over the whole range of float32: 4 units in the last place.
import { assert, assertEquals } from "@std/assert";
import { key, start, type Tensor, tf } from "../../mod.ts";
import { normalArray, uniformArray } from "../../lib/tensor/mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { erf } from "./erf.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

type Unary = readonly [run: (x: Tensor) => Tensor, value: (x: number) => number, ulps?: number];

/** Half to even. */
function rounded(x: number): number {
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** All of tfjs's functions of one number, in double precision. */
const FUNCTIONS: Readonly<Record<string, Unary>> = {
  abs: [tf.abs, Math.abs, 0],
  acos: [tf.acos, Math.acos],
  acosh: [tf.acosh, Math.acosh],
  asin: [tf.asin, Math.asin],
  asinh: [tf.asinh, Math.asinh],
  atan: [tf.atan, Math.atan],
  atanh: [tf.atanh, Math.atanh],
  ceil: [tf.ceil, Math.ceil, 0],
  cos: [tf.cos, Math.cos],
  cosh: [tf.cosh, Math.cosh],
  elu: [tf.elu, (x) => x < 0 ? Math.expm1(x) : x],
  erf: [tf.erf, erf],
  exp: [tf.exp, Math.exp],
  expm1: [tf.expm1, Math.expm1],
  floor: [tf.floor, Math.floor, 0],
  leakyRelu: [(x) => tf.leakyRelu(x, 0.25), (x) => x < 0 ? 0.25 * x : x, 0],
  log: [tf.log, Math.log],
  log1p: [tf.log1p, Math.log1p],
  logSigmoid: [tf.logSigmoid, (x) => -softplus(-x)],
  neg: [tf.neg, (x) => -x, 0],
  // WGSL's own: division to 2.5 units, the root and its inverse to about as many.
  reciprocal: [tf.reciprocal, (x) => 1 / x, 2.5],
  relu: [tf.relu, (x) => x < 0 ? 0 : x, 0],
  relu6: [tf.relu6, (x) => x < 0 ? 0 : x > 6 ? 6 : x, 0],
  round: [tf.round, rounded, 0],
  rsqrt: [tf.rsqrt, (x) => 1 / Math.sqrt(x)],
  selu: [
    tf.selu,
    (x) => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x),
  ],
  sigmoid: [tf.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  sin: [tf.sin, Math.sin],
  sinh: [tf.sinh, Math.sinh],
  softplus: [tf.softplus, softplus],
  sqrt: [tf.sqrt, Math.sqrt],
  square: [tf.square, (x) => x * x, 1],
  tan: [tf.tan, Math.tan],
  tanh: [tf.tanh, Math.tanh],
};

/** The least normal number: what is below may count as zero, given or found. */
const NORMAL = 2 ** -126;

/** The distance of float32's neighbors at a number. */
function ulpOf(x: number): number {
  return 2 ** (Math.floor(Math.log2(Math.max(NORMAL, Math.abs(x)))) - 23);
}

/** Numbers of each binary exponent, of either sign, and many of common size. */
function numbers(): Float32Array {
  const each = 12;
  const all = [...uniformArray(key(1), 2 * each * 277, 1, 2)].map((x, i) => {
    const exponent = Math.floor(i / (2 * each)) - 149;
    return (i % 2 ? -x : x) * 2 ** exponent;
  });
  return Float32Array.from([
    ...all,
    ...normalArray(key(2), 3000, 0, 1),
    ...uniformArray(key(3), 3000, -100, 100),
    ...uniformArray(key(4), 1000, 0.99, 1.01),
  ]);
}

/** How a number is wrong, if it is: a flushed subnormal is not. */
function faultOf(x: number, found: number, value: Unary[1], ulps: number): string | undefined {
  const wanted = value(x);
  const isRight = (wanted: number): boolean => {
    const single = Math.fround(wanted);
    if (Number.isNaN(single) || Number.isNaN(found)) return Object.is(single, found);
    // Where rounding decides whether a number is still one.
    const most = 2 ** 128 * (1 - 2 ** -22);
    if (Math.abs(wanted) >= most) return Math.abs(found) >= most && found > 0 === wanted > 0;
    const error = Math.abs(found - wanted);
    return error <= (ulps + 0.5) * ulpOf(wanted) || (Math.abs(wanted) < NORMAL && error <= NORMAL);
  };
  if (isRight(wanted) || (Math.abs(x) < NORMAL && isRight(value(0 * x)))) return undefined;
  return `of ${x} is ${found}, not ${wanted}`;
}

gpuTest("every function of one number is right to 4 units in the last place", async () => {
  const values = numbers();
  await onEachForm(async (form) => {
    for (const [name, [run, value, ulps = 4]] of Object.entries(FUNCTIONS)) {
      // In fours, and not.
      for (const x of [values, values.subarray(1)]) {
        const [given, made] = tf.tidy(() => {
          const given = tf.tensor1d(x);
          return [given, run(given)];
        });
        const found = await made!.data();
        tf.dispose([given, made]);
        for (let i = 0; i < x.length; i++) {
          assertEquals(faultOf(x[i]!, found[i]!, value, ulps), undefined, `${form} ${name}`);
        }
      }
    }
  });
});

/** Zeros of either sign, infinities, and what is not a number. */
const ODD = [0, -0, Infinity, -Infinity, NaN];

gpuTest("every function of one number is IEEE 754's of zeros, infinities and NaN", async () => {
  const many = Float32Array.from({ length: 1500 }, (_, i) => ODD[i % ODD.length]!);
  await start();
  for (const [name, [run, value]] of Object.entries(FUNCTIONS)) {
    for (const length of [1500, 1499]) {
      const found = await run(tf.tensor1d(many.subarray(0, length))).data();
      ODD.forEach((x, i) => {
        const wanted = Math.fround(value(x));
        const what = `${name} of ${Object.is(x, -0) ? "-0" : x}`;
        // A ReLU has one zero.
        const zeros = name.startsWith("relu") && wanted === 0 && found[i] === 0;
        const near = Math.abs(found[i]! - wanted) < 1e-6;
        assert(
          Object.is(found[i], wanted) || zeros || (wanted !== 0 && near),
          `${what} is ${found[i]}`,
        );
      });
    }
  }
});

gpuTest("a tanh that a product takes into its pass has the same digits", async () => {
  const x = numbers().filter((x) => Math.abs(x) >= NORMAL && Math.abs(x) < 1e30);
  for (const columns of [1, 4]) {
    await onEachForm(async (form) => {
      const rows = Math.floor(x.length / columns);
      const a = tf.tensor2d(x.subarray(0, rows * columns), [rows, columns]);
      const y = tf.engine().runKernel("_FusedMatMul", { a, b: tf.eye(columns) }, {
        transposeA: false,
        transposeB: false,
        activation: "tanh",
      }) as Tensor;
      const found = await y.data();
      for (let i = 0; i < found.length; i++) {
        assertEquals(faultOf(x[i]!, found[i]!, Math.tanh, 4), undefined, `${form} ${columns}`);
      }
    });
  }
});

onEachBackend("erf, elu and selu keep their digits near zero", async () => {
  const x = Float32Array.from([
    1e-30,
    -1e-20,
    1e-10,
    -1e-6,
    1e-3,
    -0.5,
    0.9,
    1.1,
    -2.4,
    2.6,
    -5,
    7,
  ]);
  for (const name of ["erf", "elu", "selu"]) {
    const [run, value] = FUNCTIONS[name]!;
    const found = await run(tf.tensor1d(x)).data();
    x.forEach((each, i) => assertEquals(faultOf(each, found[i]!, value, 4), undefined, name));
  }
});

onEachBackend("the gradient of tanh is 1 near zero", async () => {
  const x = tf.tensor1d([1e-3, -1e-6, 1e-20, 0]);
  await assertClose(tf.grad((x) => tf.tanh(x))(x), [1 - 1e-6, 1, 1, 1]);
});
