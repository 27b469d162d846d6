// Functions of one number that tfjs's own shaders compute to few digits, or get wrong at infinities and NaN.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** exp(x) − 1 and log(1 + x), which near zero are sums of series, not differences. */
const SERIES = `
fn exp_less_one(x: f32) -> f32 {
  if (abs(x) > 0.5) { return exp(x) - 1.0; }
  var sum = 1.0;
  for (var n = 10.0; n > 1.0; n -= 1.0) { sum = 1.0 + x / n * sum; }
  return x * sum;
}
fn log_of_one_and(x: f32) -> f32 {
  // The logarithm of a NaN is a number on some drivers.
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
  if (abs(x) > 0.3) { return log(1.0 + x); }
  let s = x / (2.0 + x);
  let q = s * s;
  return 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q / 9.0))));
}
`;

/** Each function's text, of `x`. */
const TEXTS: Readonly<Record<string, string>> = {
  Expm1: "return exp_less_one(x);",
  Log1p: "return log_of_one_and(x);",
  Elu: "return select(x, exp_less_one(x), x < 0.0);",
  Selu: "return 1.0507009873554805 * select(x, 1.6732632423543772 * exp_less_one(x), x < 0.0);",
  // tfjs clamps: the lower bound in the place of NaN.
  Relu6: "return select(select(x, 6.0, x > 6.0), 0.0, x < 0.0);",
  Sinh: `
  let e = exp_less_one(x);
  if (abs(x) > 0.5) { return (exp(x) - exp(-x)) / 2.0; }
  return 0.5 * (e + e / (e + 1.0));`,
};

/** The functions mended here. */
export const EXACT_UNARY = Object.keys(TEXTS);

/**
 * The kernel function of one of {@linkcode EXACT_UNARY}. Whole numbers are left to tfjs,
 * and `expm1` of the small tensors that it computes on the host.
 */
export function exactUnary(
  name: string,
): (software: boolean, stock: KernelFunction) => KernelFunction {
  return (_software, stock) => (call) => {
    const x = call.inputs.x!;
    const backend = call.backend as GuardedBackend;
    const isOnHost = name === "Expm1" && backend.shouldExecuteOnCPU([x]);
    if (x.dtype !== "float32" || isOnHost) return stock(call);
    const isWide = tf.util.sizeFromShape(x.shape) % 4 === 0;
    return runElementwise(backend, {
      operation: name,
      variant: "float32",
      results: ["y"],
      inputs: { x },
      functions: `${SERIES} fn value(x: f32) -> f32 { ${TEXTS[name]} }`,
      text: isWide ? "y = V(value(x.x), value(x.y), value(x.z), value(x.w));" : "y = value(x);",
      shape: x.shape,
    })[0]!;
  };
}
