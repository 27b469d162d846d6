// Functions of one number each, four an invocation where they come in fours; tfjs computes one.
// Its functions of two numbers take four already, and measure the same as ours would.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { ProgramType } from "../dispatch.ts";
import { runElementwise } from "./elementwise.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";
import { applied, type FunctionName, functionText, SPECIAL } from "./functions_text.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** Functions of few operations, by tfjs's names: each sets `y` from `x`. NaN goes through all of them. */
export const SIMPLE = {
  Relu: "y = select(x, V(0.0), x <= V(0.0));",
  LeakyRelu: "y = select(x * bitcast<f32>(uniforms.alpha), x, x > V(0.0));",
  // tfjs clamps: the lower bound in the place of NaN.
  Relu6: "y = select(select(x, V(6.0), x > V(6.0)), V(0.0), x < V(0.0));",
  Square: "y = x * x;",
  Neg: "y = -x;",
  Sqrt: "y = sqrt(x);",
} as const;

/** Functions that tfjs's own shaders compute to few digits, or get wrong at infinities and NaN. */
const EXACT: Readonly<Record<string, FunctionName>> = {
  Acos: "acos",
  Acosh: "acosh",
  Asin: "asin",
  Asinh: "asinh",
  Atan: "atan",
  Atanh: "atanh",
  Cos: "cos",
  Cosh: "cosh",
  Elu: "elu",
  Erf: "erf",
  Exp: "exp",
  Expm1: "expm1",
  Log: "log",
  Log1p: "log1p",
  Selu: "selu",
  Sigmoid: "sigmoid",
  Sin: "sin",
  Sinh: "sinh",
  Softplus: "softplus",
  Tan: "tan",
  Tanh: "tanh",
};

/** Functions whose results are about as large as their numbers, or smaller: float16 holds them as well. */
const MODERATE = new Set(
  "Relu LeakyRelu Relu6 Neg Elu Selu Softplus Sigmoid Tanh Erf Sin Cos Atan".split(" "),
);

/** Functions of which tfjs computes a few numbers on the host, where these are known there. */
const ON_HOST = new Set(["Exp", "Expm1", "Log", "Neg", "Sigmoid", "Sqrt"]);

/** Makes a kernel function of float32; other types are left to tfjs. */
function unary(
  name: string,
  stock: KernelFunction,
  run: (backend: GuardedBackend, x: tf.TensorInfo, alpha: number | undefined) => tf.TensorInfo[],
): KernelFunction {
  return (call) => {
    const x = call.inputs.x!;
    const backend = call.backend as GuardedBackend;
    const isOnHost = ON_HOST.has(name) && backend.shouldExecuteOnCPU([x]);
    if (x.dtype !== "float32" || isOnHost) return stock(call);
    const alpha = (call.attrs as { readonly alpha?: number } | undefined)?.alpha;
    return run(backend, x, alpha)[0]!;
  };
}

/** `Abs`: of whole numbers that the host knows, tfjs computes it in float32. */
function abs(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x!;
    if (x.dtype !== "int32") return stock(call);
    const size = tf.util.sizeFromShape(x.shape);
    return runProgram(call.backend as GuardedBackend, {
      operation: "Abs",
      variant: "whole",
      results: { y: x.shape },
      inputs: { x },
      types: { x: x.dtype as ProgramType, y: "int32" },
      uniforms: { size },
      code: `
fn main(index: u32, local: u32) {
  if (index < uniforms.size) { y_put(index, abs(x_at(index))); }
}`,
      invocations: size,
      workgroup: 64,
    })[0]!;
  };
}

/** Makers of the kernel functions, by tfjs's names; they are the same for any adapter. */
export const unaryKernels: Readonly<
  Record<string, (software: boolean, stock: KernelFunction) => KernelFunction>
> = {
  Abs: abs,
  ...Object.fromEntries(
    Object.entries(SIMPLE).map(([name, text]) => [
      name,
      (_software: boolean, stock: KernelFunction): KernelFunction =>
        unary(name, stock, (backend, x, alpha) =>
          runElementwise(backend, {
            operation: name,
            variant: "",
            results: ["y"],
            inputs: { x },
            uniforms: alpha === undefined ? {} : { alpha: floatBits(alpha) },
            text,
            half: MODERATE.has(name),
            shape: x.shape,
          })),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(EXACT).map(([name, f]) => [
      name,
      (_software: boolean, stock: KernelFunction): KernelFunction =>
        unary(name, stock, (backend, x) =>
          runElementwise(backend, {
            operation: name,
            variant: "exact",
            results: ["y"],
            inputs: { x },
            uniforms: SPECIAL,
            functions: (wide) =>
              `${functionText(f)}
fn of_each(x: V) -> V { return ${applied(`${f}_of`, wide)}; }`,
            text: "y = of_each(x);",
            half: MODERATE.has(name),
            shape: x.shape,
          })),
    ]),
  ),
};
