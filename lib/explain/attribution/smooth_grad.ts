// SmoothGrad: saliency of the mean gradient over noisy copies of the image.
import type { Network } from "../../layers/layer.ts";
import { fold, type Key, key as keyOf, normalArray } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { download } from "../../tensor/transfer.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import { PROGRESS_OPTIONS, type ProgressOptions } from "../for_each_batch.ts";
import { type InputGradientOptions, scoresOf } from "../input_gradient.ts";
import { readAttribution, requireExplainable, type Target } from "./attribution.ts";
import { largestOfChannels, type Saliency } from "./saliency.ts";
import { sumOfGradients } from "./sum_of_gradients.ts";

/** Options of {@linkcode smoothGrad}. */
export type SmoothGradOptions = ProgressOptions & InputGradientOptions & {
  /** How many noisy copies, from 1. Default: 25. */
  readonly samples?: number;
  /** Standard deviation of the noise as a share of each image's range, max − min. Default: 0.15. */
  readonly noise?: number;
  /** The source of the noise. Default: `key(0)`. */
  readonly key?: Key;
};

const OPTIONS: Readonly<Record<keyof SmoothGradOptions, true>> = {
  ...PROGRESS_OPTIONS,
  rule: true,
  samples: true,
  noise: true,
  key: true,
};

/**
 * Saliency with less speckle: max over channels of |mean of ∂S/∂x at x + ε| with normal ε
 * (Smilkov, Thorat, Kim, Viégas and Wattenberg, "SmoothGrad: removing noise by adding noise", 2017,
 * with noise of 10 % to 20 %).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options samples, noise, key, backward rule; progress, signal, jit
 * @returns one value per pixel, at least 0, `[N, H, W, 1]`, and the mean gradient
 * @throws {TypeError} if the network does not take such inputs, or the rule is for ReLUs and the
 * model has none
 * @throws {RangeError} if an option is out of its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { smoothGrad } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { shape } = await smoothGrad(network, tf.ones([1, 28, 28, 1]), 3, { samples: 2 });
 * assertEquals(shape, [1, 28, 28, 1]);
 * ```
 */
export async function smoothGrad<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: SmoothGradOptions = {},
): Promise<Saliency> {
  requireOptions("compute SmoothGrad", options, OPTIONS);
  const { samples = 25, noise = 0.15, key = keyOf(0) } = options;
  const objective = requireExplainable(network, x, target, options.rule);
  requireWhole("smooth a gradient", "the samples", samples);
  const isShare = Number.isFinite(noise) && noise >= 0;
  requireRange("smooth a gradient", "the noise must be a share of at least 0", isShare, noise);
  const deviations = (await rangesOf(x)).map((range) => range * noise);
  const noisy = (index: number): { x: Tensor; weight: number } => ({
    x: tf.tidy(() => tf.add(x, noiseFor(fold(key, index), x, deviations))),
    weight: 1 / samples,
  });
  const mean = await sumOfGradients(network, objective, samples, noisy, options);
  const scores = tf.tidy(() => scoresOf(network, x, objective));
  return largestOfChannels(await readAttribution("SmoothGrad", objective, mean, scores));
}

/** Max − min of each image. */
async function rangesOf(x: Tensor): Promise<number[]> {
  const ranges = tf.tidy(() => {
    const rows = tf.reshape(x, [x.shape[0]!, -1]);
    return tf.sub(tf.max(rows, 1), tf.min(rows, 1));
  });
  const numbers = [...await download(ranges)];
  ranges.dispose();
  return numbers;
}

/** Normal noise of the shape of `x`, with a deviation for each image. */
function noiseFor(key: Key, x: Tensor, deviations: readonly number[]): Tensor {
  const each = x.size / deviations.length;
  const drawn = normalArray(key, x.size);
  drawn.forEach((value, i) => drawn[i] = value * deviations[Math.floor(i / each)]!);
  return tf.tensor(drawn, x.shape);
}
