// SmoothGrad: saliency of the gradient's mean over noisy copies of the image.
import { fold, type Key, key as keyOf, normalArray } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { download } from "../../tensor/transfer.ts";
import type { Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import {
  type Attribution,
  attributionOf,
  type LongOptions,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { scoresOf, sumOfGradients } from "./gradients.ts";
import type { Network } from "../../layers/layer.ts";
import { largestOfChannels } from "./saliency.ts";

/** Options of {@linkcode smoothGrad}. */
export type SmoothGradOptions = LongOptions & {
  /** How many noisy copies, from 1. Default: 25. */
  readonly samples?: number;
  /** The noise's deviation as a share of each image's range, largest less smallest. Default: 0.15. */
  readonly noise?: number;
  /** The source of the noise. Default: `key(0)`. */
  readonly key?: Key;
  /** The way back through ReLUs. Default: `"backprop"`. */
  readonly rule?: BackwardRule;
};

/**
 * Saliency without most of its speckle: max over channels of |mean of ∂S/∂x at x + ε|, with ε
 * normal (Smilkov, Thorat, Kim, Viégas and Wattenberg, "SmoothGrad: removing noise by adding
 * noise", 2017, whose noise is of 10 % to 20 %).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`, in its own units
 * @param target a class's index, for the class's logit, or an objective
 * @param options samples, noise, key, rule; progress, signal, jit
 * @returns one number a pixel, from 0, `[N, H, W, 1]`
 * @throws {TypeError} where `x` is not what the network was made for, or the rule is about ReLUs
 * and the model has none
 * @throws {RangeError} where an option is not in its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { smoothGrad } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const x = tf.ones([1, 28, 28, 1]);
 * const { shape } = await smoothGrad({ model, params, state }, x, 3, { samples: 2 });
 * assertEquals(shape, [1, 28, 28, 1]);
 * ```
 */
export async function smoothGrad<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: SmoothGradOptions = {},
): Promise<Attribution> {
  const { samples = 25, noise = 0.15, key = keyOf(0), rule = "backprop" } = options;
  const objective = requireExplainable(network, x, target, rule);
  requireNoise(samples, noise);
  const deviations = (await rangesOf(x)).map((range) => range * noise);
  const noisy = (index: number): { x: Tensor; weight: number } => ({
    x: tf.tidy(() => tf.add(x, noiseOf(fold(key, index), x, deviations))),
    weight: 1 / samples,
  });
  const mean = await sumOfGradients(network, objective, samples, noisy, { ...options, rule });
  const values = tf.tidy(() => largestOfChannels(mean));
  mean.dispose();
  const scores = tf.tidy(() => scoresOf(network, objective, x));
  return await attributionOf("SmoothGrad", objective, values, scores);
}

function requireNoise(samples: number, noise: number): void {
  if (!Number.isInteger(samples) || samples < 1) {
    throw new RangeError(
      `Cannot smooth a gradient: the samples must be a whole number of at least 1, got ${samples}`,
    );
  }
  if (!Number.isFinite(noise) || noise < 0) {
    throw new RangeError(
      `Cannot smooth a gradient: the noise must be a share of at least 0, got ${noise}`,
    );
  }
}

/** Largest less smallest number of each image. */
async function rangesOf(x: Tensor): Promise<number[]> {
  const ranges = tf.tidy(() => {
    const rows = tf.reshape(x, [x.shape[0]!, -1]);
    return tf.sub(tf.max(rows, 1), tf.min(rows, 1));
  });
  const numbers = [...await download(ranges)];
  ranges.dispose();
  return numbers;
}

/** Normal numbers of `x`'s shape, with a deviation for each image. */
function noiseOf(key: Key, x: Tensor, deviations: readonly number[]): Tensor {
  const each = x.size / deviations.length;
  const drawn = normalArray(key, x.size);
  drawn.forEach((value, i) => drawn[i] = value * deviations[Math.floor(i / each)]!);
  return tf.tensor(drawn, x.shape);
}
