// DeepLIFT by the rescale rule: differences from a baseline, passed back layer by layer.
import type { Network } from "../../layers/layer.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { scoresOf } from "../input_gradient.ts";
import { requireExplainable, type Target } from "./attribution.ts";
import { type Baseline, baselineFor, requireBaseline } from "./baseline.ts";
import { type Contributions, readContributions, readScores } from "./contributions.ts";
import { rescaled } from "./rescale_rule.ts";
import { requireOptions } from "../../text/require.ts";

/** Options of {@linkcode deepLift}. */
export type DeepLiftOptions = {
  /** What the image is compared with, in the inputs' units. Default: 0, as in Captum. */
  readonly baseline?: Baseline;
};

/**
 * Distributes the difference between the outputs for an image and a baseline over the inputs, in
 * one pass forward and one back: through a nonlinear layer, the slope is that of the secant, Δy / Δx
 * (Shrikumar, Greenside and Kundaje, "Learning Important Features Through Propagating Activation
 * Differences", 2017, the rescale rule). The values add up to S(x) − S(b).
 *
 * Max pooling passes differences to the largest input of the image or of the baseline, as in Captum.
 * Layers that are neither linear, nor functions of each number by itself, nor max pooling, such as
 * local response normalization or your own, have the mean slope on the way from the baseline's
 * input to the image's, by eight Gauss points; so have branches that are multiplied, as in
 * squeeze-and-excitation. The deltas tell what is lost.
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options baseline
 * @returns a value per input, positive and negative, `[N, H, W, C]`, and the deltas
 * @throws {TypeError} if the network does not take such inputs or baseline
 * @throws {RangeError} if the baseline is not finite, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { deepLift } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { deltas } = await deepLift(network, tf.ones([1, 28, 28, 1]), 3);
 * assertAlmostEquals(deltas[0]!, 0, 1e-4);
 * ```
 */
export async function deepLift<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: DeepLiftOptions = {},
): Promise<Contributions> {
  requireOptions("compute DeepLIFT", options, { baseline: true });
  const { baseline = 0 } = options;
  const objective = requireExplainable(network, x, target);
  requireBaseline(baseline, x);
  const count = x.shape[0]!;
  const { values, scores, before } = tf.tidy(() => {
    const from = baselineFor(baseline, x);
    const rule = rescaled(network, x.shape.slice(1));
    const { grads, aux } = valueAndGrad(({ x }: { x: Tensor }) => {
      const both = tf.concat([x, from]); // [2N, H, W, C], as the rule takes it
      const all = scoresOf(network, both, objective, "backprop", rule);
      const scores = tf.slice(all, [0], [count]);
      return [tf.sum(scores) as Scalar, { scores, before: tf.slice(all, [count], [count]) }];
    })({ x });
    return { values: tf.mul(grads.x, tf.sub(x, from)), ...aux };
  });
  return await readContributions("DeepLIFT", objective, values, scores, await readScores(before));
}
