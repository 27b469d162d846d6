// Blends pairs of images.
import type { Augmentation } from "./augmentation.ts";
import { mixing, type MixingOptions } from "./mixing.ts";

/**
 * Blends each image with another of the batch, and likewise their labels: λ x + (1 − λ) x′ and
 * λ y + (1 − λ) y′, with λ from Beta(α, α) drawn for each image (Zhang, Cissé, Dauphin and Lopez-Paz
 * 2017, "mixup: beyond empirical risk minimization", whose code draws one λ for each batch).
 *
 * @param options α, by default 0.2 as in the paper for ImageNet, and the probability
 * @returns the augmentation
 * @throws {RangeError} if α is not above 0, or the probability not from 0 to 1
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { key, start, tf } from "@neocog/neocog";
 * import { mixup } from "@neocog/neocog/augment";
 *
 * await start({ backend: "cpu" });
 * const batch = { images: tf.ones<tf.Rank.R4>([2, 1, 1, 1]), labels: tf.eye(2) };
 * const mixing = mixup({ alpha: 1 });
 * const { labels } = mixing.apply(batch, mixing.draw(key(0), [2, 1, 1, 1]));
 * for (const sum of await labels.sum(1).data()) assertAlmostEquals(sum, 1, 1e-6);
 * ```
 */
export function mixup(options: MixingOptions = {}): Augmentation {
  return mixing("mixup", { alpha: 0.2, ...options }, (_key, own) => ({
    share: 1 - own,
    labelShare: 1 - own,
  }));
}
