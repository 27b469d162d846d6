// Activations that a product or a convolution takes into its own pass.
import { activationGradient } from "./activation_gradient.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** Functions of each element that cost no pass of their own after a product. */
export type Activation = "relu" | "tanh";

/** Their names among the operations that know their gradients. */
const GRADIENTS = { relu: "Relu", tanh: "Tanh" } as const;

/**
 * Applies an activation in a pass of its own.
 *
 * @param activation which; none leaves `x` as it is
 */
export function activate(x: Tensor, activation: Activation | undefined): Tensor {
  return activation ? tf[activation](x) : x;
}

/** Whether the backend's kernels take activations into their pass with neocog's numbers. */
export function fusesActivations(): boolean {
  return tf.getBackend() === "webgpu";
}

/**
 * The slope by what an activation was given.
 *
 * @param activation which, as kernels' attributes say: `"linear"` is none
 */
export function slopeBefore(dy: Tensor, y: Tensor, activation: unknown): Tensor {
  if (activation !== "relu" && activation !== "tanh") return dy;
  return activationGradient(dy, y, { activation: GRADIENTS[activation], slope: 0 });
}
