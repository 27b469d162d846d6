// Functions of one number each, four an invocation where they come in fours; tfjs computes one.
// Its functions of two numbers take four already, and measure the same as ours would.
import type { Activation } from "../../tensor/activation.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { floatBits } from "./float_bits.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** A function's text, by tfjs's name: it sets `y` from `x`. NaN goes through all of them. */
const TEXTS = {
  Relu: "y = select(x, V(0.0), x <= V(0.0));",
  LeakyRelu: "y = select(x * bitcast<f32>(uniforms.alpha), x, x > V(0.0));",
  // By the magnitude, so that the exponential does not overflow.
  Tanh: `let e = exp(-2.0 * abs(x));
  y = select(x, sign(x) * ((V(1.0) - e) / (V(1.0) + e)), x == x);`,
  Sigmoid: "y = V(1.0) / (V(1.0) + exp(-x));",
  Square: "y = x * x;",
  Neg: "y = -x;",
  Sqrt: "y = sqrt(x);",
  Exp: "y = exp(x);",
} as const;

/** The texts of activations that products take into their own pass. */
export const ACTIVATION_TEXTS: Readonly<Record<Activation, string>> = {
  relu: TEXTS.Relu,
  tanh: TEXTS.Tanh,
};

function unary(name: keyof typeof TEXTS, stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x!;
    const backend = call.backend as GuardedBackend;
    // Numbers that the host knows, of a few, are not worth a dispatch.
    if (x.dtype !== "float32" || backend.shouldExecuteOnCPU([x])) return stock(call);
    const alpha = (call.attrs as { readonly alpha?: number } | undefined)?.alpha;
    return runElementwise(backend, {
      operation: name,
      variant: "",
      results: ["y"],
      inputs: { x },
      uniforms: alpha === undefined ? {} : { alpha: floatBits(alpha) },
      text: TEXTS[name],
      shape: x.shape,
    })[0]!;
  };
}

/** Makers of the kernel functions, by tfjs's names; they are the same for any adapter. */
export const unaryKernels: Readonly<
  Record<string, (software: boolean, stock: KernelFunction) => KernelFunction>
> = Object.fromEntries(
  (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).map((name) => [
    name,
    (_software: boolean, stock: KernelFunction): KernelFunction => unary(name, stock),
  ]),
);
