// Occlusion: what the output loses if a part of the image is covered.
import { requireOptions } from "../../text/require.ts";
import type { Network } from "../../layers/layer.ts";
import type { Pair } from "../../layers/window.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { scoresOf } from "../input_gradient.ts";
import {
  type Attribution,
  readAttribution,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import { type Baseline, baselineFor, requireBaseline } from "./baseline.ts";
import {
  MASKED_SCORES_OPTIONS,
  maskedScores,
  type MaskedScoresOptions,
  requireBatchSize,
} from "./masked_scores.ts";
import { meanLosses, seenBeside, windowsIn } from "./occlusion_windows.ts";

/** Options of {@linkcode occlusion}. */
export type OcclusionOptions = MaskedScoresOptions & {
  /**
   * Height and width of the window that is covered, in pixels. Default: an eighth of the image's,
   * rounded up to an even number.
   */
  readonly window?: Pair;
  /** From one window to the next, in pixels. Default: half a window, rounded up. */
  readonly stride?: Pair;
  /** What covers, in the inputs' units. Default: 0. */
  readonly baseline?: Baseline;
};

const OPTIONS: Readonly<Record<keyof OcclusionOptions, true>> = {
  ...MASKED_SCORES_OPTIONS,
  window: true,
  stride: true,
  baseline: true,
};

/**
 * What the output loses when a window slides over the image: for each pixel the mean of
 * S(x) − S(x with the window covered) over the windows that cover it (Zeiler and Fergus,
 * "Visualizing and Understanding Convolutional Networks", 2013, §4.2). The last window of a row
 * or column ends at the image's edge.
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options window, stride, baseline, batch size; progress, signal, jit
 * @returns one value per pixel, above 0 if the pixel speaks for the target, `[N, H, W, 1]`
 * @throws {RangeError} if the window does not fit into the image or the stride into the window,
 * another option is out of its range, or the target does not fit the model
 * @throws {TypeError} if the network does not take such inputs or baseline
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, flatten, sequential, start, tf } from "@neocog/neocog";
 * import { occlusion } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2, bias: false }) });
 * const params = { flatten: {}, logits: { kernel: tf.tensor2d([[3, 0], [-1, 0]]) } };
 * const network = { model, params, state: { flatten: {}, logits: {} } };
 * const x = tf.tensor4d([2, 5], [1, 1, 2, 1]);
 * assertEquals([...(await occlusion(network, x, 0, { window: 1 })).values], [6, -5]);
 * ```
 */
export async function occlusion<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: OcclusionOptions = {},
): Promise<Attribution> {
  requireOptions("compute occlusion", options, OPTIONS);
  const objective = requireExplainable(network, x, target);
  const { baseline = 0 } = options;
  requireBaseline(baseline, x);
  requireBatchSize(options);
  const [count, height, width] = x.shape as [number, number, number];
  const windows = windowsIn(height, width, options.window, options.stride);
  const cover = baselineFor(baseline, x);
  const own = tf.tidy(() => scoresOf(network, x, objective));
  try {
    const scores = await own.data();
    const mask = (_: number, window: number): Float32Array =>
      seenBeside(windows[window]!, height, width);
    const covered = await maskedScores(network, objective, x, cover, windows.length, mask, options);
    const values = new Float32Array(count * height * width);
    scores.forEach((score, i) => {
      const lossOf = (window: number): number => score - covered[i * windows.length + window]!;
      values.set(meanLosses(height, width, windows, lossOf), i * height * width);
    });
    const map = tf.tensor(values, [count, height, width, 1]);
    return await readAttribution("occlusion", objective, map, own);
  } finally {
    tf.dispose([cover, own]);
  }
}
