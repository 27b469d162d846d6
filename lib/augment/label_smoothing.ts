// Makes labels less certain.
import { requireRange } from "../text/require.ts";
import { tf } from "../tensor/tf.ts";
import type { Augmentation } from "./augmentation.ts";

/**
 * Distributes a fraction of each label evenly over the K classes: (1 − ε) y + ε / K (Szegedy et al.
 * 2015, "Rethinking the Inception architecture for computer vision", section 7). Nothing is random.
 *
 * @param epsilon the fraction ε, from 0 to 1. Default: 0.1
 * @returns the augmentation
 * @throws {RangeError} if ε is not from 0 to 1
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { key, start, tf } from "@neocog/neocog";
 * import { labelSmoothing } from "@neocog/neocog/augment";
 *
 * await start({ backend: "cpu" });
 * const batch = { images: tf.ones<tf.Rank.R4>([1, 1, 1, 1]), labels: tf.tensor2d([[1, 0]]) };
 * const smooth = labelSmoothing(0.1);
 * const { labels } = smooth.apply(batch, smooth.draw(key(0), [1, 1, 1, 1]));
 * assertAlmostEquals((await labels.data())[0]!, 0.95, 1e-6);
 * ```
 */
export function labelSmoothing(epsilon = 0.1): Augmentation {
  const rule = "the fraction must be from 0 to 1";
  requireRange("smooth labels", rule, epsilon >= 0 && epsilon <= 1, epsilon);
  return {
    name: `smooth labels ${epsilon}`,
    draw: () => null,
    apply: ({ images, labels }) => ({
      images,
      labels: tf.tidy(() => tf.add(tf.mul(labels, 1 - epsilon), epsilon / labels.shape[1])),
    }),
  };
}
