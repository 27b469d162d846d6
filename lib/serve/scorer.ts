// The scores of pictures in batches, by a network that is put on another device if its own is lost.
import { DeviceError } from "../device/errors.ts";
import { start, type StartOptions } from "../device/start.ts";
import type { Network } from "../layers/layer.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { readTree } from "../train/callbacks/kept_weights.ts";
import { predict } from "../train/predict.ts";
import type { Tensors } from "../weights/checkpoint.ts";
import { toTensor } from "../weights/restore_network.ts";

/** A network as what gives pictures their scores. */
export type Scorer = {
  /**
   * The scores of each of some inputs.
   *
   * @throws {DeviceError} of kind `lost` if the device is lost meanwhile, or no other one is there
   * yet; the next call begins on another one
   */
  score(inputs: readonly Float32Array[]): Promise<Float32Array[]>;
  /** Whether there is no device at the moment. */
  readonly isLost: boolean;
};

/** A network's tensors. */
type Variables = { readonly params: Tree; readonly state: Tree };

/**
 * Makes a scorer.
 *
 * @param inputShape `[H, W, C]`
 * @param batchSize the most inputs of a call
 * @param device how another device is started
 * @param onLost is told of each loss
 */
export function makeScorer(
  { model, params, state }: Network<Tree, Tree>,
  { inputShape, batchSize, device, onLost }: {
    readonly inputShape: Shape;
    readonly batchSize: number;
    readonly device: StartOptions;
    readonly onLost: () => void;
  },
): Scorer {
  let variables: Variables = { params, state };
  let isLost = false;
  // The numbers on the host, from where another device can get them.
  let kept: Promise<Tensors> | undefined;
  let restoring: Promise<void> | undefined;
  const size = sizeOf(inputShape);

  const restore = async (): Promise<void> => {
    const numbers = await kept!;
    await start(device);
    variables = mapTree((_, path) => toTensor(numbers.get(path)!), { params, state });
    isLost = false;
  };
  const run = async (inputs: readonly Float32Array[]): Promise<Float32Array[]> => {
    kept ??= readTree({ params, state });
    await kept;
    const count = paddedCount(inputs.length, batchSize);
    const pixels = new Float32Array(count * size);
    inputs.forEach((input, i) => pixels.set(input, i * size));
    const x = tf.tensor(pixels, [count, ...inputShape]);
    let output: Tensor | undefined;
    try {
      output = predict({ model, ...variables }, x, { probabilities: false }) as Tensor;
      const scores = await output.data() as Float32Array;
      const width = scores.length / count;
      return inputs.map((_, i) => scores.slice(i * width, (i + 1) * width));
    } finally {
      x.dispose();
      output?.dispose();
    }
  };

  return {
    async score(inputs) {
      try {
        if (isLost) await (restoring ??= restore().finally(() => restoring = undefined));
        return await run(inputs);
      } catch (error) {
        if (error instanceof DeviceError && error.kind === "lost" && !isLost) {
          isLost = true;
          onLost();
        }
        throw error;
      }
    },
    get isLost() {
      return isLost;
    },
  };
}

/**
 * How many inputs are computed for some: a power of two, or a whole batch. Each count is recorded
 * of its own, so there should be few.
 */
function paddedCount(count: number, batchSize: number): number {
  return Math.min(2 ** Math.ceil(Math.log2(count)), batchSize);
}
