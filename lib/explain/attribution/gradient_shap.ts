// Gradient × SHAP: integrated gradients, averaged over many baselines by random points of the ways.
import type { Network } from "../../layers/layer.ts";
import { fold, type Key, key as keyOf, normalArray, uniformArray } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import { PROGRESS_OPTIONS, type ProgressOptions } from "../for_each_batch.ts";
import { type InputGradientOptions, scoresOf } from "../input_gradient.ts";
import type { Objective } from "../objective.ts";
import { requireExplainable, type Target } from "./attribution.ts";
import { type Contributions, readContributions, readScores } from "./contributions.ts";
import { sumOfGradients, type WeightedPoint } from "./sum_of_gradients.ts";

/**
 * Options of {@linkcode gradientShap}. With another rule than `"backprop"`, the values do not add up
 * to the difference of the scores.
 */
export type GradientShapOptions = ProgressOptions & InputGradientOptions & {
  /** How many gradients, each at a random point of the way from a random baseline; from 1. Default: 50. */
  readonly samples?: number;
  /** Standard deviation of noise that is added to the image in each, in the inputs' units. Default: 0. */
  readonly noise?: number;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
};

/**
 * What each input adds to the output, compared with images drawn from a distribution of baselines:
 * the mean over samples of (x − b) · ∂S/∂x at b + α (x − b), with b one of the baselines and α
 * uniform from 0 to 1. The values add up to S(x) minus the mean S(b) in expectation: they are
 * approximate SHAP values (Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions",
 * 2017; as expected gradients: Erion, Janizek, Sturmfels, Lundberg and Lee, 2019).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param baselines images of the distribution, such as examples of a data set, `[M, H, W, C]`
 * @param options samples, noise, key, backward rule; progress, signal, jit
 * @returns a value per input, positive and negative, `[N, H, W, C]`, the mean scores of the
 * baselines that were drawn, and the deltas
 * @throws {TypeError} if the network does not take such inputs or baselines, or the rule is for
 * ReLUs and the model has none
 * @throws {RangeError} if an option is out of its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, flatten, sequential, start, tf } from "@neocog/neocog";
 * import { gradientShap } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2, bias: false }) });
 * const params = { flatten: {}, logits: { kernel: tf.tensor2d([[3, 0], [-1, 0]]) } };
 * const network = { model, params, state: { flatten: {}, logits: {} } };
 * const baselines = tf.tensor4d([1, 1], [1, 1, 2, 1]);
 * const options = { samples: 4 };
 * const { values } = await gradientShap(network, tf.tensor4d([2, 5], [1, 1, 2, 1]), 0, baselines, options);
 * assertEquals([...values], [3, -4]);
 * ```
 */
export async function gradientShap<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  baselines: Tensor,
  options: GradientShapOptions = {},
): Promise<Contributions> {
  requireOptions("compute GradientSHAP", options, {
    ...PROGRESS_OPTIONS,
    rule: true,
    samples: true,
    noise: true,
    key: true,
  });
  const { samples = 50, noise = 0, key = keyOf(0) } = options;
  const objective = requireExplainable(network, x, target, options.rule);
  requireBaselines(baselines, x);
  requireWhole("explain an output", "the samples", samples);
  const isDeviation = Number.isFinite(noise) && noise >= 0;
  requireRange("explain an output", "the noise must be finite and at least 0", isDeviation, noise);
  const [count, among] = [x.shape[0]!, baselines.shape[0]!];
  const drawn = Array.from({ length: samples }, (_, i) => drawAt(fold(key, i), count, among));
  const pointAt = (index: number): WeightedPoint => {
    const { which, shares } = drawn[index]!;
    return tf.tidy(() => {
      const end = noise === 0 ? x : tf.add(x, noiseFor(fold(key, index), x, noise));
      const begin = tf.gather(baselines, tf.tensor1d(which, "int32"));
      const way = tf.sub(end, begin);
      const at = tf.add(begin, tf.mul(way, tf.tensor4d(shares, [count, 1, 1, 1])));
      return { x: at, weight: tf.div(way, samples) };
    });
  };
  const scores = await scoresOfEach(network, objective, baselines);
  const values = await sumOfGradients(network, objective, samples, pointAt, options);
  const last = tf.tidy(() => scoresOf(network, x, objective));
  const means = Array.from(
    { length: count },
    (_, image) => drawn.reduce((sum, { which }) => sum + scores[which[image]!]!, 0) / samples,
  );
  return await readContributions("gradient SHAP", objective, values, last, means);
}

/** For each image, which baseline, and how far from it towards the image. */
type Draw = { readonly which: number[]; readonly shares: number[] };

function drawAt(key: Key, count: number, among: number): Draw {
  const numbers = [...uniformArray(key, 2 * count)];
  return {
    which: numbers.slice(0, count).map((number) => Math.floor(number * among)),
    shares: numbers.slice(count),
  };
}

function noiseFor(key: Key, x: Tensor, deviation: number): Tensor {
  const drawn = normalArray(fold(key, "noise"), x.size);
  return tf.mul(tf.tensor(drawn, x.shape), deviation);
}

/** The scores of the baselines, one by one: there may be many. */
async function scoresOfEach<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  baselines: Tensor,
): Promise<number[]> {
  const scores: number[] = [];
  for (let i = 0; i < baselines.shape[0]!; i++) {
    const score = tf.tidy(() => scoresOf(network, tf.slice(baselines, [i], [1]), objective));
    scores.push(...await readScores(score));
  }
  return scores;
}

function requireBaselines(baselines: Tensor, x: Tensor): void {
  const image = x.shape.slice(1);
  const fits = `${baselines.shape.slice(1)}` === `${image}` && baselines.shape[0]! > 0;
  if (baselines.rank === 4 && fits) return;
  throw new TypeError(
    `Cannot explain an output: the baselines must be [M, ${
      image.join(", ")
    }], at least one, got [${baselines.shape}]`,
  );
}
