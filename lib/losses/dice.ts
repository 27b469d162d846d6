// Dice loss: how little two masks overlap.
import { requireOneOf, requireRange } from "../text/require.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireAlike } from "./losses.ts";
import { counted, spreadWeights, type WeightedLoss } from "./weights.ts";
import { requireLossOptions } from "./loss_options.ts";

/** Against 0 / 0, where nothing is set or weighs. */
const LEAST = 1e-7;

/** Options of {@linkcode dice}. */
export type DiceOptions = {
  /** Added to both sums, so that empty masks agree. Default: 1. */
  readonly smooth?: number;
  /** What makes probabilities of logits: each by itself, or the classes of a position together. Default: `"sigmoid"`. */
  readonly activation?: "sigmoid" | "softmax";
};

/**
 * Dice loss, 1 − (2 Σ p t + s) / (Σ p + Σ t + s), with sums over the positions of each example and class,
 * and their mean (Milletari, Navab and Ahmadi, "V-Net", 2016): for masks of which little is set.
 *
 * @param options s (1), what makes probabilities ("sigmoid")
 * @returns the loss of logits and masks `[N, H, W, C]`; its third argument is weights or a mask of the
 * positions, `[N, H, W, 1]` or `[N, H, W]`
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { losses, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const masks = tf.tensor4d([1, 0, 0, 1], [1, 2, 2, 1]);
 * const sure = tf.mul(tf.sub(masks, 0.5), 1e4);
 * assertAlmostEquals(await losses.dice()(sure, masks).array(), 0, 1e-6);
 * ```
 */
export function dice(options: DiceOptions = {}): WeightedLoss {
  requireLossOptions("make a Dice loss", options, { smooth: true, activation: true });
  const { smooth = 1, activation = "sigmoid" } = options;
  const name = "Dice loss";
  const holds = smooth >= 0 && smooth < Infinity;
  requireRange("make a Dice loss", "its smooth must be finite and at least 0", holds, smooth);
  requireOneOf("make a Dice loss", "its activation", ["sigmoid", "softmax"], activation);
  return (logits, targets, weights) => {
    requireAlike(name, logits, targets);
    if (logits.rank < 3) {
      throw new TypeError(
        `Cannot take the ${name}: logits must be [N, …positions, C], got [${logits.shape}]`,
      );
    }
    const z = counted(name, logits, weights);
    const t = counted(name, targets, weights);
    const probabilities = activation === "sigmoid" ? tf.sigmoid(z) : tf.softmax(z);
    const each = weights && spreadWeights(name, logits, weights);
    const weighed = (x: Tensor): Tensor => each ? tf.mul(x, each) : x;
    const positions = logits.shape.slice(1, -1).map((_, i) => i + 1);
    const sum = (x: Tensor): Tensor => tf.sum(weighed(x), positions);
    const overlap = sum(tf.mul(probabilities, t));
    const total = tf.add(sum(probabilities), sum(t));
    const least = Math.max(smooth, LEAST);
    const share = tf.div(tf.add(tf.mul(overlap, 2), least), tf.add(total, least));
    return tf.mean(tf.sub(1, share));
  };
}
