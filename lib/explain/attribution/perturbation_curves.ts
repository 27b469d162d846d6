// Deletion and insertion curves: whether the pixels that an attribution names are those that count.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { classLogit, type Objective } from "../objective.ts";
import {
  type Attribution,
  attributionMap,
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

/** Options of {@linkcode perturbationCurves}. */
export type PerturbationCurvesOptions = MaskedScoresOptions & {
  /** In how many steps all pixels are deleted or inserted, from 1. Default: 50. */
  readonly steps?: number;
  /** What stands in the place of deleted pixels, in the inputs' units. Default: 0. */
  readonly baseline?: Baseline;
};

/** A score against the share of pixels. */
export type PerturbationCurve = {
  /** The shares of pixels that are deleted or inserted, from 0 to 1. */
  readonly shares: readonly number[];
  /** The score at each: of a class its probability. */
  readonly scores: readonly number[];
  /** The area under the curve, by trapezoids: of a probability from 0 to 1. */
  readonly area: number;
};

/** Both curves of an image. */
export type PerturbationCurves = {
  /** Of an image that loses its pixels, those with the largest values first: low is good. */
  readonly deletion: PerturbationCurve;
  /** Of a baseline that gets them in the same order: high is good. */
  readonly insertion: PerturbationCurve;
};

/** The probability of a class. */
function classProbability(index: number): Objective {
  const logit = classLogit(index);
  return {
    ...logit,
    name: `probability of class ${index}`,
    score: (output) => {
      const all = tf.softmax(output(""));
      return tf.sum(tf.gather(all, tf.tensor1d([index], "int32"), 1)).asScalar();
    },
  };
}

/**
 * How a score falls when the pixels that an attribution values most are deleted first, and how it
 * rises when they are inserted first (Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for
 * Explanation of Black-box Models", 2018, who insert into a blurred image instead of the baseline).
 * The areas compare methods by a number. Values are summed over the channels; of equal values the
 * upper and left pixel is first.
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its probability, or an objective
 * @param attribution the result of a method for these images
 * @param options steps, baseline, batch size; progress, signal, jit
 * @returns both curves of each image
 * @throws {TypeError} if the attribution is of other images, or the network does not take the inputs
 * or the baseline
 * @throws {RangeError} if an option is out of its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { perturbationCurves, saliency } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const x = tf.ones([1, 28, 28, 1]);
 * const found = await saliency(network, x, 3);
 * const [curves] = await perturbationCurves(network, x, 3, found, { steps: 4 });
 * assertEquals(curves!.deletion.shares, [0, 0.25, 0.5, 0.75, 1]);
 * assert(curves!.insertion.area > 0 && curves!.insertion.area < 1);
 * ```
 */
export async function perturbationCurves<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  attribution: Attribution,
  options: PerturbationCurvesOptions = {},
): Promise<PerturbationCurves[]> {
  requireOptions("perturb images", options, {
    ...MASKED_SCORES_OPTIONS,
    steps: true,
    baseline: true,
  });
  const { steps = 50, baseline = 0 } = options;
  const objective = requireExplainable(network, x, target);
  requireBaseline(baseline, x);
  requireBatchSize(options);
  requireOwn(attribution, x);
  requireWhole("delete pixels", "the steps", steps);
  const score = typeof target === "number" ? classProbability(target) : objective;
  const [count, height, width] = x.shape as [number, number, number];
  const ranks = Array.from({ length: count }, (_, i) => ranksOf(attributionMap(attribution, i)));
  const counts = Array.from(
    { length: steps + 1 },
    (_, k) => Math.round(k * height * width / steps),
  );
  const cover = baselineFor(baseline, x);
  const mask = (image: number, index: number): Float32Array => {
    const [isInserted, first] = [index > steps, counts[index % (steps + 1)]!];
    return ranks[image]!.map((rank) => rank < first === isInserted ? 1 : 0);
  };
  try {
    const all = 2 * (steps + 1);
    const scores = await maskedScores(network, score, x, cover, all, mask, options);
    return ranks.map((_, i) => {
      const own = [...scores.subarray(i * all, (i + 1) * all)];
      const shares = counts.map((first) => first / (height * width));
      return {
        deletion: curveOf(shares, own.slice(0, steps + 1)),
        insertion: curveOf(shares, own.slice(steps + 1)),
      };
    });
  } finally {
    cover.dispose();
  }
}

/** For each pixel, how many come before it in the order of falling values. */
function ranksOf(map: Float32Array): Float32Array {
  const order = Array.from(map, (_, i) => i).sort((a, b) => map[b]! - map[a]! || a - b);
  const ranks = new Float32Array(map.length);
  order.forEach((pixel, rank) => ranks[pixel] = rank);
  return ranks;
}

function curveOf(shares: readonly number[], scores: readonly number[]): PerturbationCurve {
  const area = scores.slice(1).reduce(
    (sum, score, i) => sum + (shares[i + 1]! - shares[i]!) * (score + scores[i]!) / 2,
    0,
  );
  return { shares, scores, area };
}

/**
 * Refuses an attribution of other images.
 *
 * @throws {TypeError} naming both shapes
 */
export function requireOwn({ shape }: Attribution, x: Tensor): void {
  if (`${shape.slice(0, 3)}` === `${x.shape.slice(0, 3)}`) return;
  throw new TypeError(
    `Cannot judge an attribution: it must be of the images, [${x.shape}], got one of [${shape}]`,
  );
}
