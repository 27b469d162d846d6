// Functions of each element and their derivatives, the same programs for any adapter.
import type { CurveAttributes, CurveName } from "../../tensor/curves.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { floatBits } from "./float_bits.ts";
import { applied, type FunctionName, functionText, SPECIAL } from "./functions_text.ts";

/** The function of which a curve is made, and its value and derivatives at `x`. */
type Text = readonly [needs: FunctionName, value: string, first: string, second: string];

const GELU_TANH = `let u = 0.7978845608 * (x + 0.044715 * x * x * x);
  let t = tanh_of(u);
  let du = 0.7978845608 * (1.0 + 0.134145 * x * x);`;

/** Statements that return; NaN goes through all of them: a comparison with it is false. */
const TEXTS: Readonly<Record<CurveName, Text>> = {
  elu: [
    "elu",
    "return select(x, ALPHA * expm1_of(x), x < 0.0);",
    "return select(1.0, ALPHA * exp_of(x), x <= 0.0);",
    "return select(0.0, ALPHA * exp_of(x), x <= 0.0);",
  ],
  gelu: [
    "erf",
    "return x * (0.5 + 0.5 * erf_of(0.7071067812 * x));",
    "return 0.5 + 0.5 * erf_of(0.7071067812 * x) + x * 0.3989422804 * exp_of(-0.5 * x * x);",
    "return 0.3989422804 * exp_of(-0.5 * x * x) * (2.0 - x * x);",
  ],
  geluTanh: [
    "tanh",
    `${GELU_TANH} return 0.5 * x * (1.0 + t);`,
    `${GELU_TANH} return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * du;`,
    `${GELU_TANH}
  return (1.0 - t * t) * (du + 0.5 * x * (0.7978845608 * 0.26829 * x - 2.0 * t * du * du));`,
  ],
  hardSigmoid: [
    "exp",
    "return select(select(x / 6.0 + 0.5, 1.0, x >= 3.0), 0.0, x <= -3.0);",
    "return select(1.0 / 6.0, 0.0, x <= -3.0 || x >= 3.0);",
    "return 0.0;",
  ],
  hardSwish: [
    "exp",
    "return select(select(x * (x + 3.0) / 6.0, x, x >= 3.0), 0.0, x <= -3.0);",
    "return select(select(x / 3.0 + 0.5, 1.0, x > 3.0), 0.0, x < -3.0);",
    "return select(1.0 / 3.0, 0.0, x < -3.0 || x > 3.0);",
  ],
  relu6: [
    "exp",
    "return select(select(x, 6.0, x > 6.0), 0.0, x < 0.0);",
    "return select(1.0, 0.0, x <= 0.0 || x >= 6.0);",
    "return 0.0;",
  ],
  selu: [
    "selu",
    "return selu_of(x);",
    "return select(1.0507009873554805, 1.7580993408473766 * exp_of(x), x <= 0.0);",
    "return select(0.0, 1.7580993408473766 * exp_of(x), x <= 0.0);",
  ],
  silu: [
    "sigmoid",
    "return x * sigmoid_of(x);",
    "let s = sigmoid_of(x); return s * (1.0 + x * (1.0 - s));",
    "let s = sigmoid_of(x); return s * (1.0 - s) * (2.0 + x * (1.0 - 2.0 * s));",
  ],
  softplus: [
    "softplus",
    "return softplus_of(x);",
    "return 1.0 / (1.0 + exp_of(-x));",
    "let s = 1.0 / (1.0 + exp_of(-x)); return s * (1.0 - s);",
  ],
};

/** The kernel function. */
export function curves(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs as { x: tf.TensorInfo; dy?: tf.TensorInfo };
    const { curve, order, alpha } = attrs as unknown as CurveAttributes;
    const [needs, ...texts] = TEXTS[curve];
    return runElementwise(backend as GuardedBackend, {
      operation: order === 0 ? curve : `${curve}Grad`,
      variant: `${order}`,
      results: ["y"],
      inputs: { x, ...(dy ? { dy } : {}) },
      uniforms: { ...SPECIAL, alpha: floatBits(alpha) },
      functions: (wide) =>
        `${functionText(needs)}
fn at(x: f32) -> f32 {
  ${texts[order]!.replace("ALPHA", "bitcast<f32>(uniforms.alpha)")}
}
fn at_each(x: V) -> V { return ${applied("at", wide)}; }`,
      // All of them grow no faster than their numbers.
      half: true,
      text: `y = at_each(x)${dy ? " * dy" : ""};`,
      shape: x.shape,
    })[0]!;
  };
}
