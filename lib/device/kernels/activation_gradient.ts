// Gradients of the activation functions: an element each, from its slope and what was kept of it.
import type { Activation, ActivationAttributes } from "../../tensor/activation_gradient.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { floatBits } from "./float_bits.ts";

/** Written so that NaN is passed on: a comparison with it is false. */
const TEXTS: Readonly<Record<Activation, string>> = {
  Relu: "dx = select(dy, V(0.0), of_ <= V(0.0));",
  LeakyRelu: "dx = select(dy * bitcast<f32>(uniforms.slope), dy, of_ > V(0.0));",
  Tanh: "dx = dy * ((V(1.0) - of_) * (V(1.0) + of_));",
  Sigmoid: "dx = dy * (of_ * (V(1.0) - of_));",
};

/** The kernel function of the activations' gradients, the same for any adapter. */
export function activationGradient(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { dy, of } = inputs as { dy: tf.TensorInfo; of: tf.TensorInfo };
    const { activation, slope } = attrs as unknown as ActivationAttributes;
    return runElementwise(backend as GuardedBackend, {
      operation: `${activation}Grad`,
      variant: "",
      results: ["dx"],
      inputs: { dy, of_: of },
      uniforms: { slope: floatBits(slope) },
      text: TEXTS[activation],
      half: true,
      shape: dy.shape,
    })[0]!;
  };
}
