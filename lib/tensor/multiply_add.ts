// A matrix product plus a bias in one pass.
import type { Tensor1D, Tensor2D } from "./tensor.ts";
import { tf } from "./tf.ts";

const PLAIN = { transposeA: false, transposeB: false, activation: "linear" } as const;

/**
 * x · W + b. Not tf.fused.matMul: on the way back it computes the gradient by x
 * also where nobody asks for it.
 *
 * @param x `[N, inputs]`
 * @param kernel `[inputs, features]`
 * @param bias `[features]`
 * @returns `[N, features]`
 * @throws {TypeError} where the shapes do not go together, or a tensor is not of type float32
 */
export function multiplyAdd(x: Tensor2D, kernel: Tensor2D, bias: Tensor1D): Tensor2D {
  const fit = x.rank === 2 && kernel.rank === 2 && x.shape[1] === kernel.shape[0] &&
    bias.rank === 1 && bias.shape[0] === kernel.shape[1];
  if (!fit || [x, kernel, bias].some(({ dtype }) => dtype !== "float32")) {
    throw new TypeError(
      `Cannot multiply and add as shapes must be [N, inputs], [inputs, features], [features] of type float32: current value is ${
        [x, kernel, bias].map(({ dtype, shape }) => `${dtype} [${shape}]`).join(", ")
      }`,
    );
  }
  return tf.engine().runKernel("_FusedMatMul", { a: x, b: kernel, bias }, PLAIN) as Tensor2D;
}

tf.registerGradient({
  kernelName: "_FusedMatMul",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    const [x, kernel] = saved as [Tensor2D, Tensor2D];
    const upstream = dy as Tensor2D;
    return {
      a: () => tf.matMul(upstream, kernel, false, true),
      b: () => tf.matMul(x, upstream, true, false),
      bias: () => tf.sum(upstream, 0),
    };
  },
});
