// Which of tfjs's fused calls our kernels take.
import type { Activation } from "../../tensor/activation.ts";
import type { tf } from "../../tensor/tf.ts";

type KernelCall = Parameters<tf.KernelConfig["kernelFunc"]>[0];

/** The activation that a fused call asks for, if it is one of those we take into a product's pass. */
export function fusedActivation({ attrs }: KernelCall): Activation | undefined {
  const activation: unknown = attrs?.activation;
  return activation === "relu" || activation === "tanh" ? activation : undefined;
}

/**
 * Whether a fused call asks for no more than a bias of one number a column, and an activation of ours.
 */
export function isOurs(call: KernelCall, columns: number): boolean {
  const { bias, preluActivationWeights } = call.inputs;
  const activation = call.attrs?.activation ?? "linear";
  return (activation === "linear" || fusedActivation(call) !== undefined) &&
    !preluActivationWeights &&
    (!bias || (bias.shape.length === 1 && bias.shape[0] === columns));
}
