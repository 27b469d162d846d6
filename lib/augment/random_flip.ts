// Flips images left to right.
import type { AffineMap } from "../tensor/affine_map.ts";
import { chosen, requireProbability } from "./draws.ts";
import { geometric, type GeometricAugmentation } from "./geometric.ts";

/**
 * Flips images left to right, each with a probability. The pixels are exact copies. Not for digits
 * and letters, most of which are unreadable when flipped.
 *
 * @param probability the probability of each image to be flipped, from 0 to 1. Default: 0.5
 * @returns the augmentation
 * @throws {RangeError} if the probability is not from 0 to 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { randomFlip } from "@neocog/neocog/augment";
 * import { key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const images = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
 * const always = randomFlip(1);
 * const drawn = always.draw(key(0), [1, 2, 3, 1]);
 * const flipped = always.apply({ images, labels: tf.tensor2d([[1]]) }, drawn);
 * assertEquals(await flipped.images.flatten().array(), [3, 2, 1, 6, 5, 4]);
 * ```
 */
export function randomFlip(probability = 0.5): GeometricAugmentation {
  requireProbability("flip images", probability);
  return geometric(
    `flip ${probability}`,
    undefined,
    (key, [n, , width]) =>
      chosen(key, n, probability).map((isFlipped): AffineMap =>
        isFlipped ? [-1, 0, width - 1, 0, 1, 0] : [1, 0, 0, 0, 1, 0]
      ),
  );
}
