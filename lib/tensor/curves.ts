// Functions of each element with two derivatives, each in one pass over its input.
import { erf } from "./functions_host.ts";
import { registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels: `x` → f(x). */
export const CURVE = "NeocogCurve";

/** The name of its derivatives: `x` and `dy` → dy · f′(x) or dy · f″(x). */
export const CURVE_GRADIENT = "NeocogCurveGrad";

/** The functions. */
export type CurveName =
  | "elu"
  | "gelu"
  | "geluTanh"
  | "hardSigmoid"
  | "hardSwish"
  | "relu6"
  | "selu"
  | "silu"
  | "softplus";

/** Attributes of both kernels. */
export type CurveAttributes = {
  readonly curve: CurveName;
  /** Which derivative: 0 for the function itself, 1 or 2 for the gradient. */
  readonly order: 0 | 1 | 2;
  /** The height of an ELU's negative side; else 1. */
  readonly alpha: number;
};

/** A number by another: the derivative at `x`. */
type Derivative = (x: number, alpha: number) => number;

const SELU = { scale: 1.0507009873554805, height: 1.7580993408473766 } as const;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const density = (x: number): number => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
const below = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;

/** What the tanh form of GELU is made of: tanh(u), u′ and u″. */
function geluParts(x: number): [t: number, du: number, ddu: number] {
  const c = Math.sqrt(2 / Math.PI);
  return [Math.tanh(c * (x + 0.044715 * x ** 3)), c * (1 + 0.134145 * x * x), c * 0.26829 * x];
}

/**
 * Each function with its derivatives. Where a slope jumps it is PyTorch's, and comparisons are
 * written so that NaN is passed on.
 */
const CURVES: Readonly<Record<CurveName, readonly [Derivative, Derivative, Derivative]>> = {
  elu: [
    (x, alpha) => x < 0 ? alpha * Math.expm1(x) : x,
    (x, alpha) => x <= 0 ? alpha * Math.exp(x) : 1,
    (x, alpha) => x <= 0 ? alpha * Math.exp(x) : 0,
  ],
  gelu: [
    (x) => x * below(x),
    (x) => below(x) + x * density(x),
    (x) => density(x) * (2 - x * x),
  ],
  geluTanh: [
    (x) => 0.5 * x * (1 + geluParts(x)[0]),
    (x) => {
      const [t, du] = geluParts(x);
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * du;
    },
    (x) => {
      const [t, du, ddu] = geluParts(x);
      return (1 - t * t) * (du + 0.5 * x * (ddu - 2 * t * du * du));
    },
  ],
  hardSigmoid: [
    (x) => x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5,
    (x) => x <= -3 || x >= 3 ? 0 : 1 / 6,
    () => 0,
  ],
  hardSwish: [
    (x) => x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6,
    (x) => x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5,
    (x) => x < -3 || x > 3 ? 0 : 1 / 3,
  ],
  relu6: [
    (x) => x < 0 ? 0 : x > 6 ? 6 : x,
    (x) => x <= 0 || x >= 6 ? 0 : 1,
    () => 0,
  ],
  selu: [
    (x) => x < 0 ? SELU.height * Math.expm1(x) : SELU.scale * x,
    (x) => x <= 0 ? SELU.height * Math.exp(x) : SELU.scale,
    (x) => x <= 0 ? SELU.height * Math.exp(x) : 0,
  ],
  silu: [
    (x) => x * sigmoid(x),
    (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    (x) => sigmoid(x) * (1 - sigmoid(x)) * (2 + x * (1 - 2 * sigmoid(x))),
  ],
  softplus: [
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    sigmoid,
    (x) => sigmoid(x) * (1 - sigmoid(x)),
  ],
};

registerHostKernel<CurveAttributes>(CURVE, ({ x }, { curve, alpha }) => {
  const [f] = CURVES[curve];
  return [{ values: x!.values.map((value) => f(value, alpha)), shape: x!.shape }];
});

registerHostKernel<CurveAttributes>(CURVE_GRADIENT, ({ x, dy }, { curve, order, alpha }) => {
  const f = CURVES[curve][order];
  const values = x!.values.map((value, i) => f(value, alpha) * dy!.values[i]!);
  return [{ values, shape: x!.shape }];
});

/**
 * A function of each element, in one pass; so are its first and second derivative.
 *
 * @param x any tensor of floats
 * @param curve which function
 * @param alpha the height of an ELU's negative side. Default: 1
 * @throws {TypeError} if `x` is not of type float32
 */
export function applyCurve(x: Tensor, curve: CurveName, alpha = 1): Tensor {
  if (x.dtype !== "float32") {
    throw new TypeError(`Cannot apply ${curve}: its input must be float32, got ${x.dtype}`);
  }
  return tf.engine().runKernel(CURVE, { x }, { curve, order: 0, alpha });
}

function derivative(x: Tensor, dy: Tensor, attributes: CurveAttributes): Tensor {
  return tf.engine().runKernel(CURVE_GRADIENT, { x, dy }, attributes);
}

tf.registerGradient({
  kernelName: CURVE,
  inputsToSave: ["x"],
  outputsToSave: [true],
  gradFunc: (dy, [x, y], attributes) => {
    const given = attributes as unknown as CurveAttributes;
    // The slope of relu6 follows from its result as well, so that jit need not keep what it is of.
    const at = given.curve === "relu6" ? y! : x!;
    return { x: () => derivative(at, dy as Tensor, { ...given, order: 1 }) };
  },
});

for (const curve of ["elu", "relu6", "selu", "softplus"] as const) {
  tf.registerGradient({
    kernelName: curve[0]!.toUpperCase() + curve.slice(1),
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({
      x: () => derivative(tf.cast(x!, "float32"), dy as Tensor, { curve, order: 1, alpha: 1 }),
    }),
  });
}

tf.registerGradient({
  kernelName: CURVE_GRADIENT,
  inputsToSave: ["x", "dy"],
  gradFunc: (slopes, saved, attributes) => {
    const given = attributes as unknown as CurveAttributes;
    const [upstream, x, dy] = [slopes as Tensor, ...saved] as [Tensor, Tensor, Tensor];
    return {
      dy: () => derivative(x, upstream, given),
      x: () => {
        if (given.order === 1) return derivative(x, tf.mul(upstream, dy), { ...given, order: 2 });
        throw new RangeError(
          `Cannot take a derivative of ${given.curve}: it must be the first or second, got the third`,
        );
      },
    };
  },
});
