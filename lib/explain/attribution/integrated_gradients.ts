// Integrated gradients: what each input adds on the way from a baseline to the image.
import { requireOptions } from "../../text/require.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { PROGRESS_OPTIONS, type ProgressOptions } from "../for_each_batch.ts";
import { type InputGradientOptions, scoresOf } from "../input_gradient.ts";
import { requireExplainable, type Target } from "./attribution.ts";
import { type Baseline, baselineFor, requireBaseline } from "./baseline.ts";
import { type Contributions, readContributions, readScores } from "./contributions.ts";
import { quadrature, type QuadratureRule } from "./quadrature.ts";
import { sumOfGradients } from "./sum_of_gradients.ts";

/**
 * Options of {@linkcode integratedGradients}. With another rule than `"backprop"`, the values do
 * not add up to the difference of the scores.
 */
export type IntegratedGradientsOptions = ProgressOptions & InputGradientOptions & {
  /** Where the path begins, in the inputs' units. Default: 0, as in Captum. */
  readonly baseline?: Baseline;
  /** How many gradients along the path, from 1. Default: 50. */
  readonly steps?: number;
  /** Where they are taken. Default: `"gauss-legendre"`, as in Captum. */
  readonly quadrature?: QuadratureRule;
};

const OPTIONS: Readonly<Record<keyof IntegratedGradientsOptions, true>> = {
  ...PROGRESS_OPTIONS,
  rule: true,
  baseline: true,
  steps: true,
  quadrature: true,
};

/**
 * Distributes the difference between the outputs for an image and a baseline over the inputs:
 * (x − b) · ∫ ∂S/∂x (b + α (x − b)) dα from 0 to 1. The values add up to S(x) − S(b), up to the
 * error of the integration, the convergence delta (Sundararajan, Taly and Yan, "Axiomatic
 * Attribution for Deep Networks", 2017).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options baseline, steps, quadrature, backward rule; progress, signal, jit
 * @returns a value per input, positive and negative, `[N, H, W, C]`, and the deltas
 * @throws {TypeError} if the network does not take such inputs or baseline, or the rule is for
 * ReLUs and the model has none
 * @throws {RangeError} if an option is out of its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { integratedGradients } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const x = tf.ones([1, 28, 28, 1]);
 * const { deltas } = await integratedGradients(network, x, 3, { steps: 8 });
 * assertAlmostEquals(deltas[0]!, 0, 0.01);
 * ```
 */
export async function integratedGradients<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: IntegratedGradientsOptions = {},
): Promise<Contributions> {
  requireOptions("compute integrated gradients", options, OPTIONS);
  const { baseline = 0, steps = 50 } = options;
  const objective = requireExplainable(network, x, target, options.rule);
  requireBaseline(baseline, x);
  const points = quadrature(options.quadrature ?? "gauss-legendre", steps);
  const from = baselineFor(baseline, x);
  const path = tf.tidy(() => tf.sub(x, from));
  try {
    const pointAt = (index: number): { x: Tensor; weight: number } => ({
      x: tf.tidy(() => tf.add(from, tf.mul(path, points[index]!.at))),
      weight: points[index]!.weight,
    });
    const mean = await sumOfGradients(network, objective, steps, pointAt, options);
    const values = tf.tidy(() => tf.mul(mean, path));
    mean.dispose();
    const baselineScores = await readScores(tf.tidy(() => scoresOf(network, from, objective)));
    const last = tf.tidy(() => scoresOf(network, x, objective));
    return await readContributions("integrated gradients", objective, values, last, baselineScores);
  } finally {
    tf.dispose([from, path]);
  }
}
