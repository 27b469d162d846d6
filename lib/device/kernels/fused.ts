// Which of tfjs's fused calls our kernels take.
import type { tf } from "../../tensor/tf.ts";

type KernelCall = Parameters<tf.KernelConfig["kernelFunc"]>[0];

/**
 * Whether a fused call asks for no more than a bias of one number a column.
 *
 * @param call the call of the kernel
 * @param columns columns of the result
 */
export function isBiasAlone({ inputs, attrs }: KernelCall, columns: number): boolean {
  const { bias, preluActivationWeights } = inputs;
  const activation = attrs?.activation;
  return (activation === undefined || activation === null || activation === "linear") &&
    !preluActivationWeights &&
    (!bias || (bias.shape.length === 1 && bias.shape[0] === columns));
}
