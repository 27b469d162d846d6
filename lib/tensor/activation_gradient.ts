// Gradients of the activation functions, each in one pass over what it keeps.
import { registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const ACTIVATION_GRADIENT = "NeocogActivationGrad";

/** The functions it knows, by tfjs's names. */
export type Activation = "Relu" | "LeakyRelu" | "Tanh" | "Sigmoid";

/** Attributes of the kernel, whose inputs are the slopes `dy` and what was kept, `of`. */
export type ActivationAttributes = {
  readonly activation: Activation;
  /** The negative side's slope of a leaky ReLU; else 0. */
  readonly slope: number;
};

/**
 * The slope by the input, of one that comes to the output, and the output or input
 * that was kept. A unit at rest passes nothing on, whatever comes; NaN is no rest.
 */
const SLOPES: Readonly<Record<Activation, (dy: number, of: number, slope: number) => number>> = {
  Relu: (dy, y) => y <= 0 ? 0 : dy,
  LeakyRelu: (dy, x, slope) => x > 0 ? dy : dy * slope,
  Tanh: (dy, y) => dy * ((1 - y) * (1 + y)),
  Sigmoid: (dy, y) => dy * (y * (1 - y)),
};

registerHostKernel<ActivationAttributes>(
  ACTIVATION_GRADIENT,
  ({ dy, of }, { activation, slope }) => {
    const at = SLOPES[activation];
    const values = dy!.values.map((value, i) => at(value, of!.values[i]!, slope));
    return [{ values, shape: dy!.shape }];
  },
);

/** The slope by an activation's input. */
export function activationGradient(
  dy: Tensor,
  of: Tensor,
  attributes: ActivationAttributes,
): Tensor {
  return tf.engine().runKernel(ACTIVATION_GRADIENT, { dy, of }, attributes);
}

for (const activation of Object.keys(SLOPES) as Activation[]) {
  tf.registerGradient({
    kernelName: activation,
    // Of the output all but the leaky ReLU, whose slope may be negative, can tell.
    ...(activation === "LeakyRelu" ? { inputsToSave: ["x"] } : { outputsToSave: [true] }),
    gradFunc: (dy, saved, attributes) => {
      const slope = (attributes as { readonly alpha?: number } | undefined)?.alpha ?? 0;
      return { x: () => activationGradient(dy as Tensor, saved[0]!, { activation, slope }) };
    },
  });
}

/** The gradient's own gradient: it is linear in the slopes, and curved where the function is. */
tf.registerGradient({
  kernelName: ACTIVATION_GRADIENT,
  inputsToSave: ["dy", "of"],
  gradFunc: (upstream, saved, attributes) => {
    const [dy, of] = saved as [Tensor, Tensor];
    const given = attributes as unknown as ActivationAttributes;
    const both = (): Tensor => tf.mul(upstream as Tensor, dy);
    const curvature: Readonly<Record<Activation, () => Tensor>> = {
      Relu: () => tf.zerosLike(of),
      LeakyRelu: () => tf.zerosLike(of),
      Tanh: () => tf.mul(both(), tf.mul(of, -2)),
      Sigmoid: () => tf.mul(both(), tf.sub(1, tf.mul(of, 2))),
    };
    return {
      dy: () => activationGradient(upstream as Tensor, of, given),
      of: curvature[given.activation],
    };
  },
});
