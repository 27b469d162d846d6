// Weights that a callback keeps in host memory.
import { entries, mapTree, type Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tensors } from "../../weights/checkpoint.ts";
import type { HostTensor } from "../../weights/host_tensor.ts";
import { toTensor } from "../../weights/restore_network.ts";
import type { Training } from "../training.ts";

/**
 * Reads a tree's numbers from the device.
 *
 * @throws {DeviceError} if the device failed
 */
export async function readTree(tree: Tree): Promise<Tensors> {
  return new Map(
    await Promise.all(
      entries(tree).map(async ([path, leaf]): Promise<[string, HostTensor]> => {
        const values = await leaf.data() as Float32Array;
        return [path, { dtype: "float32", shape: [...leaf.shape], values }];
      }),
    ),
  );
}

/**
 * The trained parameters and the state of a run, as `params/conv1/kernel` and `state/norm1/mean`.
 *
 * @throws {DeviceError} if the device failed
 */
export async function keptWeights({ params, state, trainable }: Training): Promise<Tensors> {
  const chosen = trainable && new Set(trainable);
  const moving = mapTree(([leaf], path) => !chosen || chosen.has(path) ? leaf! : null, params);
  return await readTree({ params: moving, state });
}

/** Replaces a run's weights by kept ones, and frees the replaced tensors. */
export function withWeights<T extends Training>(training: T, weights: Tensors): T {
  const { params, state } = training;
  const replaced: tf.Tensor[] = [];
  const next = mapTree(([leaf], path) => {
    const kept = weights.get(path);
    if (!kept) return leaf!;
    replaced.push(leaf!);
    return toTensor(kept);
  }, { params, state });
  tf.dispose(replaced);
  return { ...training, ...next };
}
