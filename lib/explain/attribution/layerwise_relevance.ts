// Layer-wise relevance propagation: a score, handed back from layer to layer down to the pixels.
import type { Network, Site } from "../../layers/layer.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOneOf, requireOptions, requireRange } from "../../text/require.ts";
import { scoresOf } from "../input_gradient.ts";
import { placedLayers } from "../placed_layers.ts";
import {
  type Attribution,
  readAttribution,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import { relevance, RELEVANCE_RULES, type RelevanceRule, requireRules } from "./relevance_rules.ts";

/** Options of {@linkcode layerwiseRelevance}. */
export type LayerwiseRelevanceOptions = {
  /**
   * The rule of convolutions and dense layers, or which each layer has. Default: `"epsilon"` for
   * dense layers and `"z-plus"` for convolutions.
   */
  readonly rule?: RelevanceRule | ((site: Site) => RelevanceRule);
  /** ε of the `"epsilon"` rule, in the units of the layers' outputs; at least 0. Default: 1e-6. */
  readonly epsilon?: number;
  /** α of the `"alpha-beta"` rule, at least 1; β is α − 1. Default: 2. */
  readonly alpha?: number;
};

/** What a composite of rules gives convolutions and dense layers, "EpsilonPlus" in Zennit. */
function usualRule({ op }: Site): RelevanceRule {
  return op === "dense" ? "epsilon" : "z-plus";
}

/**
 * What each input has of a score, by layer-wise relevance propagation (Bach, Binder, Montavon,
 * Klauschen, Müller and Samek, "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by
 * Layer-Wise Relevance Propagation", 2015). Each layer shares the relevance R_k of its outputs among
 * its inputs by what these add to it. With z_jk = x_j w_jk and z_k = Σ_j z_jk + b_k the rules are
 *
 * - `"epsilon"`: R_j = Σ_k z_jk / (z_k + ε sign z_k) R_k
 * - `"z-plus"`: R_j = Σ_k z_jk⁺ / z_k⁺ R_k, of what is above 0 alone
 * - `"alpha-beta"`: R_j = Σ_k (α z_jk⁺ / z_k⁺ − β z_jk⁻ / z_k⁻) R_k, with β = α − 1
 *
 * Batch normalization and mean pooling follow the ε rule, max pooling gives all to the largest
 * number, activations and local response normalization pass relevance on as it is, and the parts of
 * a sum, as of a residual block, have it in proportion; the weights of squeeze-and-excitation have
 * none. What biases add is theirs: it does not reach the image.
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options the rules, ε, α
 * @returns a value per input, `[N, H, W, C]`
 * @throws {TypeError} if the network does not take such inputs, or has a layer without a rule
 * @throws {RangeError} if an option is out of its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { layerwiseRelevance } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]); // Its biases are 0, so that nothing is lost.
 * const { values, scores } = await layerwiseRelevance(network, tf.ones([1, 28, 28, 1]), 3);
 * assertAlmostEquals(values.reduce((sum, value) => sum + value, 0), scores[0]!, 1e-4);
 * ```
 */
export async function layerwiseRelevance<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: LayerwiseRelevanceOptions = {},
): Promise<Attribution> {
  requireOptions("compute layerwise relevance", options, {
    rule: true,
    epsilon: true,
    alpha: true,
  });
  const { rule = usualRule, epsilon = 1e-6, alpha = 2 } = options;
  const action = "propagate relevance";
  const isEpsilon = Number.isFinite(epsilon) && epsilon >= 0;
  requireRange(action, "ε must be finite and at least 0", isEpsilon, epsilon);
  requireRange(
    action,
    "α must be finite and at least 1",
    Number.isFinite(alpha) && alpha >= 1,
    alpha,
  );
  const checked = (rule: RelevanceRule): RelevanceRule => {
    requireOneOf(action, "a layer's rule", RELEVANCE_RULES, rule);
    return rule;
  };
  const ruleOf = typeof rule === "function" ? (site: Site) => checked(rule(site)) : () => rule;
  if (typeof rule !== "function") checked(rule);
  const objective = requireExplainable(network, x, target);
  const shape = x.shape.slice(1);
  requireRules(placedLayers(network.model, shape));
  const { values, scores } = tf.tidy(() => {
    const around = relevance(network, shape, { ruleOf, epsilon, alpha });
    const { grads, aux } = valueAndGrad(({ x }: { x: Tensor }) => {
      const scores = scoresOf(network, x, objective, "backprop", around);
      return [tf.sum(scores) as Scalar, { scores }];
    })({ x });
    return { values: tf.mul(grads.x, x), scores: aux.scores };
  });
  return await readAttribution("layer-wise relevance", objective, values, scores);
}
