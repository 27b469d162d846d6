// LIME: a linear function of which parts of the image are seen, near to the network's score.
import { fold, type Key, key as keyOf, uniformArray } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { scoresOf } from "../input_gradient.ts";
import { type ImageNetwork, scalingFor, toPixels } from "../input_pixels.ts";
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
import { superpixels } from "./superpixels.ts";
import { weightedRidge } from "./weighted_ridge.ts";

/** Options of {@linkcode lime}. */
export type LimeOptions = MaskedScoresOptions & {
  /**
   * The parts: about how many superpixels, or for each image the part of each pixel, from 0 without
   * gaps. Default: 50.
   */
  readonly segments?: number | readonly Int32Array[];
  /** How many images with parts left out, from 1. Default: 500. */
  readonly samples?: number;
  /** What is seen in their place, in the inputs' units. Default: 0. */
  readonly baseline?: Baseline;
  /** The source of the samples. Default: `key(0)`. */
  readonly key?: Key;
};

/** What {@linkcode lime} returns. */
export type Lime = Attribution & {
  /** For each image the part of each pixel, `[H, W]`. */
  readonly segments: readonly Int32Array[];
  /** For each image what each part adds, in the score's units. */
  readonly weights: readonly (readonly number[])[];
};

/** The width of the kernel and the penalty, as in the authors' package. */
const KERNEL_WIDTH = 0.25;
const RIDGE = 1;

/**
 * What each part of the image adds to the output, by a linear model of which parts are seen: each
 * superpixel is left out of half of the samples, and the model that is nearest to the scores, by
 * weighted ridge regression, is that of the image's surroundings. Samples count by exp(−d² / 2w²)
 * with w = 0.25 and d the cosine distance to the whole image (Ribeiro, Singh and Guestrin, "Why
 * Should I Trust You? Explaining the Predictions of Any Classifier", 2016, with the numbers of the
 * authors' package; superpixels are SLIC's). The network runs forward alone.
 *
 * @param network the network; by its `preprocessing` the superpixels see the picture's own colors
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options segments, samples, baseline, key, batch size; progress, signal, jit
 * @returns for each pixel what its part adds, `[N, H, W, 1]`, the parts and their weights
 * @throws {TypeError} if the network does not take such inputs, baseline or segments
 * @throws {RangeError} if an option is out of its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { lime } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { shape, weights } = await lime(network, tf.ones([1, 28, 28, 1]), 3, { segments: 4, samples: 9 });
 * assertEquals([shape, weights[0]!.length], [[1, 28, 28, 1], 4]);
 * ```
 */
export async function lime<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  x: Tensor,
  target: Target,
  options: LimeOptions = {},
): Promise<Lime> {
  requireOptions("compute LIME", options, {
    ...MASKED_SCORES_OPTIONS,
    segments: true,
    samples: true,
    baseline: true,
    key: true,
  });
  const { segments: wanted = 50, samples = 500, baseline = 0, key = keyOf(0) } = options;
  const objective = requireExplainable(network, x, target);
  requireBaseline(baseline, x);
  requireBatchSize(options);
  requireWhole("explain an output", "the samples", samples);
  const [count, height, width] = x.shape as [number, number, number];
  const segments = typeof wanted === "number"
    ? await segmentsOf(network, x, wanted)
    : requireSegments(wanted, x);
  // Which parts are seen in each sample: all in the first, and each with the probability 1/2.
  const seen = segments.map((parts, image) => {
    const among = partsIn(parts);
    const drawn = uniformArray(fold(fold(key, "lime"), image), samples * among);
    return Array.from(
      { length: samples },
      (_, i) =>
        drawn.slice(i * among, (i + 1) * among).map((number) => i === 0 || number < 0.5 ? 1 : 0),
    );
  });
  const mask = (image: number, index: number): Float32Array =>
    Float32Array.from(segments[image]!, (part) => seen[image]![index]![part]!);
  const cover = baselineFor(baseline, x);
  const found = await maskedScores(network, objective, x, cover, samples, mask, options)
    .finally(() => cover.dispose());
  const weights = seen.map((rows, image) => {
    const scores = found.subarray(image * samples, (image + 1) * samples);
    return [...weightedRidge(rows, scores, rows.map(kernel), RIDGE)];
  });
  const values = segments.flatMap((parts, image) =>
    Array.from(parts, (part) => weights[image]![part]!)
  );
  const own = tf.tidy(() => scoresOf(network, x, objective));
  const map = tf.tensor(values, [count, height, width, 1]);
  return { ...await readAttribution("LIME", objective, map, own), segments, weights };
}

/** How much a sample counts: by the cosine distance of what it shows to the whole. */
function kernel(row: Float32Array): number {
  const distance = 1 - Math.sqrt(row.reduce((sum, one) => sum + one, 0) / row.length);
  return Math.exp(-(distance ** 2) / (2 * KERNEL_WIDTH ** 2));
}

const partsIn = (parts: Int32Array): number =>
  1 + parts.reduce((most, part) => Math.max(most, part), 0);

/** The superpixels of each image. */
async function segmentsOf<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  x: Tensor,
  count: number,
): Promise<Int32Array[]> {
  requireWhole("explain an output", "the segments", count);
  const pixels = toPixels(x, scalingFor(network));
  const numbers = await pixels.data() as Float32Array;
  pixels.dispose();
  const shape = x.shape.slice(1) as [number, number, number];
  const size = numbers.length / x.shape[0]!;
  return Array.from(
    { length: x.shape[0]! },
    (_, i) => superpixels(inRange(numbers.slice(i * size, (i + 1) * size)), shape, { count }),
  );
}

/** Inputs of a network whose preprocessing is unknown, from 0 to 1. */
function inRange(pixels: Float32Array): Float32Array {
  let [least, most] = [0, 1];
  for (const pixel of pixels) [least, most] = [Math.min(least, pixel), Math.max(most, pixel)];
  return pixels.map((pixel) => (pixel - least) / (most - least));
}

function requireSegments(segments: readonly Int32Array[], x: Tensor): readonly Int32Array[] {
  const [count, height, width] = x.shape as [number, number, number];
  const wrong = segments.find((parts) =>
    parts.length !== height * width || !isWithoutGaps(new Set(parts))
  );
  if (segments.length === count && !wrong) return segments;
  throw new TypeError(
    `Cannot explain an output: segments must be a part from 0, without gaps, for each of ${height} × ${width} pixels of each of ${count} images, got ${
      wrong ? `${wrong.length} numbers from ${Math.min(...new Set(wrong))}` : segments.length
    }`,
  );
}

function isWithoutGaps(parts: ReadonlySet<number>): boolean {
  return Array.from({ length: parts.size }, (_, part) => part).every((part) => parts.has(part));
}
