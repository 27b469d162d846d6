// The weighted sum of the gradients of an objective at many points.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { oneBehind } from "../../tensor/one_behind.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { turns } from "../../tensor/turns.ts";
import type { ProgressOptions } from "../for_each_batch.ts";
import { inputGradient, type InputGradientOptions } from "../input_gradient.ts";
import { jitIf } from "../jit_if.ts";
import type { Objective } from "../objective.ts";

/** Where a gradient is taken, and its weight; tensors are disposed of after use. */
export type WeightedPoint = {
  /** The network's inputs `[N, H, W, C]`. */
  readonly x: Tensor;
  /** A number, or a tensor of the shape of the inputs. */
  readonly weight: number | Tensor;
};

/**
 * The weighted sum of the gradients at some points.
 *
 * @returns the sum `[N, H, W, C]`; the caller owns it
 */
export async function sumOfGradients<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  count: number,
  pointAt: (index: number) => WeightedPoint,
  options: ProgressOptions & InputGradientOptions,
): Promise<Tensor> {
  const { signal, onProgress, rule = "backprop" } = options;
  using add = jitIf(
    (sum: Tensor, x: Tensor, weight: Tensor): Tensor =>
      tf.add(sum, tf.mul(inputGradient(network, x, objective, { rule }).gradient, weight)),
    { ...options, donate: [0, 1, 2] },
  );
  await using reads = oneBehind();
  let sum: Tensor | undefined;
  try {
    const turn = turns();
    for (let i = 0; i < count; i++) {
      signal?.throwIfAborted();
      const { x, weight } = pointAt(i);
      sum = add(sum ?? tf.zerosLike(x), x, typeof weight === "number" ? tf.scalar(weight) : weight);
      await reads.next(firstOf(sum), async (first) => {
        await first.data().finally(() => first.dispose());
        await turn();
        onProgress?.(i + 1, count);
        signal?.throwIfAborted();
      });
    }
    await reads.end();
    return sum!;
  } catch (error) {
    sum?.dispose();
    throw error;
  }
}

/** The first number: once it is read, so is computed what came before, so that progress is true. */
function firstOf(tensor: Tensor): Tensor {
  return tf.tidy(() => tf.slice(tf.reshape(tensor, [tensor.size]), [0], [1]));
}
