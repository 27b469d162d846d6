// A matrix product plus a bias in one pass.
import type { Tensor, Tensor1D, Tensor2D } from "./tensor.ts";
import { activate, type Activation, fusesActivations, slopeBefore } from "./activation.ts";
import { tf } from "./tf.ts";

const PLAIN = { transposeA: false, transposeB: false } as const;

/**
 * x · W + b. Not tf.fused.matMul: on the way back it computes the gradient by x
 * also where nobody asks for it.
 *
 * @param x `[N, inputs]`
 * @param kernel `[inputs, features]`
 * @param bias `[features]`
 * @returns `[N, features]`
 * @throws {TypeError} if the shapes do not go together, or a tensor is not of type float32
 */
export function multiplyAdd(
  x: Tensor2D,
  kernel: Tensor2D,
  bias: Tensor1D,
  activation?: Activation,
): Tensor2D {
  const fit = x.rank === 2 && kernel.rank === 2 && x.shape[1] === kernel.shape[0] &&
    bias.rank === 1 && bias.shape[0] === kernel.shape[1];
  if (!fit || [x, kernel, bias].some(({ dtype }) => dtype !== "float32")) {
    throw new TypeError(
      `Cannot multiply and add: shapes must be [N, inputs], [inputs, features], [features] of type float32, got ${
        [x, kernel, bias].map(({ dtype, shape }) => `${dtype} [${shape}]`).join(", ")
      }`,
    );
  }
  const fused = fusesActivations() ? activation : undefined;
  const attributes = { ...PLAIN, activation: fused ?? "linear" };
  const y = tf.engine().runKernel("_FusedMatMul", { a: x, b: kernel, bias }, attributes) as Tensor;
  return activate(y, fused ? undefined : activation) as Tensor2D;
}

tf.registerGradient({
  kernelName: "_FusedMatMul",
  inputsToSave: ["a", "b"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [x, kernel, y] = saved as [Tensor2D, Tensor2D, Tensor2D];
    const upstream = slopeBefore(dy as Tensor, y, attributes.activation) as Tensor2D;
    return {
      a: () => tf.matMul(upstream, kernel, false, true),
      b: () => tf.matMul(x, upstream, true, false),
      bias: () => tf.sum(upstream, 0),
    };
  },
});
