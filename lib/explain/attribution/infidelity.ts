// Infidelity: whether what an attribution says of parts of the image is what the score loses with them.
import type { Network } from "../../layers/layer.ts";
import { fold, type Key, key as keyOf, uniformArray } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { scoresOf } from "../input_gradient.ts";
import type { Objective } from "../objective.ts";
import {
  type Attribution,
  attributionMap,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import { type Baseline, baselineFor, requireBaseline } from "./baseline.ts";
import { readScores } from "./contributions.ts";
import {
  MASKED_SCORES_OPTIONS,
  maskedScores,
  type MaskedScoresOptions,
  requireBatchSize,
} from "./masked_scores.ts";
import { eachPixel, type OcclusionWindow, seenBeside } from "./occlusion_windows.ts";
import { requireOwn } from "./perturbation_curves.ts";

/** Options of {@linkcode infidelity}. */
export type InfidelityOptions = MaskedScoresOptions & {
  /** How many rectangles are drawn, from 1. Default: 100. */
  readonly samples?: number;
  /** What covers them, in the inputs' units. Default: 0. */
  readonly baseline?: Baseline;
  /** The source of the rectangles. Default: `key(0)`. */
  readonly key?: Key;
};

/** What {@linkcode infidelity} returns for an image. */
export type Infidelity = {
  /** The mean of (Σ of the values in a rectangle − what the score loses without it)². */
  readonly infidelity: number;
  /** The same of the values times the best factor, as saliency and Grad-CAM are not in the score's units. */
  readonly normalized: number;
  /** The latter by the mean of the losses' squares: from 0, all is explained, to 1, nothing. */
  readonly unexplained: number;
};

/**
 * By how much the values of an attribution miss what the score loses when parts of the image are
 * covered: the mean of (Σ_R φ − (S(x) − S(x without R)))² over random rectangles R, whose sides are
 * from 1 to half the image's (Yeh, Hsieh, Suggala, Inouye and Ravikumar, "On the (In)fidelity and
 * Sensitivity of Explanations", 2019, for attributions that are in the score's units, with a
 * baseline). Small is good.
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param attribution the result of a method for these images and this target
 * @param options samples, baseline, key, batch size; progress, signal, jit
 * @returns the numbers of each image
 * @throws {TypeError} if the attribution is of other images, or the network does not take the inputs
 * or the baseline
 * @throws {RangeError} if an option is out of its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { dense, flatten, sequential, start, tf } from "@neocog/neocog";
 * import { infidelity, inputTimesGradient } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2, bias: false }) });
 * const params = { flatten: {}, logits: { kernel: tf.tensor2d([[3, 0], [-1, 0]]) } };
 * const network = { model, params, state: { flatten: {}, logits: {} } };
 * const x = tf.tensor4d([2, 5], [1, 1, 2, 1]);
 * const found = await inputTimesGradient(network, x, 0); // Exact for a linear network.
 * const [judged] = await infidelity(network, x, 0, found);
 * assertAlmostEquals(judged!.unexplained, 0, 1e-9);
 * ```
 */
export async function infidelity<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  attribution: Attribution,
  options: InfidelityOptions = {},
): Promise<Infidelity[]> {
  requireOptions("compute infidelity", options, {
    ...MASKED_SCORES_OPTIONS,
    samples: true,
    baseline: true,
    key: true,
  });
  const { samples = 100, baseline = 0, key = keyOf(0) } = options;
  const objective = requireExplainable(network, x, target);
  requireBaseline(baseline, x);
  requireBatchSize(options);
  requireOwn(attribution, x);
  requireWhole("measure infidelity", "the samples", samples);
  const [, height, width] = x.shape as [number, number, number];
  const drawn = uniformArray(fold(key, "rectangles"), 4 * samples);
  const windows = Array.from({ length: samples }, (_, i) => ({
    rows: spanOf(height, drawn[4 * i]!, drawn[4 * i + 1]!),
    columns: spanOf(width, drawn[4 * i + 2]!, drawn[4 * i + 3]!),
  }));
  const cover = baselineFor(baseline, x);
  try {
    return await infidelityOf(network, objective, x, cover, attribution, windows, options);
  } finally {
    cover.dispose();
  }
}

function spanOf(length: number, size: number, place: number): OcclusionWindow["rows"] {
  const own = 1 + Math.floor(size * Math.ceil(length / 2));
  return { first: Math.floor(place * (length - own + 1)), size: own };
}

/** The infidelity by given windows. */
export async function infidelityOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  cover: Tensor,
  attribution: Attribution,
  windows: readonly OcclusionWindow[],
  options: MaskedScoresOptions,
): Promise<Infidelity[]> {
  const [, height, width] = x.shape as [number, number, number];
  const scores = await readScores(tf.tidy(() => scoresOf(network, x, objective)));
  const mask = (_: number, index: number): Float32Array =>
    seenBeside(windows[index]!, height, width);
  const covered = await maskedScores(network, objective, x, cover, windows.length, mask, options);
  return scores.map((score, image) => {
    const map = attributionMap(attribution, image);
    const pairs = windows.map((window, i) => {
      let said = 0;
      eachPixel(window, width, (pixel) => said += map[pixel]!);
      return { said, lost: score - covered[image * windows.length + i]! };
    });
    const mean = (of: (pair: typeof pairs[number]) => number): number =>
      pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
    const scale = mean(({ said, lost }) => said * lost) / (mean(({ said }) => said ** 2) || 1);
    const missed = (factor: number): number =>
      mean(({ said, lost }) => (factor * said - lost) ** 2);
    const normalized = missed(scale);
    const unexplained = normalized / (mean(({ lost }) => lost ** 2) || 1);
    return { infidelity: missed(1), normalized, unexplained };
  });
}
