// Images turned left to right.
import type { AffineMap } from "../tensor/affine_map.ts";
import { type Key, uniformArray } from "../tensor/random.ts";
import { requireRange } from "../text/require.ts";
import { geometric, type GeometricAugmentation } from "./geometric.ts";

/**
 * Turns images left to right, each with a probability. The pixels are exact copies. Not for
 * digits and letters, of which most are none when they are turned.
 *
 * @param probability of an image to be turned, from 0 to 1. Default: 0.5.
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
      chosen(key, n, probability).map((turned): AffineMap =>
        turned ? [-1, 0, width - 1, 0, 1, 0] : [1, 0, 0, 0, 1, 0]
      ),
  );
}

/**
 * Refuses what is no probability.
 *
 * @param what cannot be done otherwise
 * @param probability the option
 * @throws {RangeError} if it is not from 0 to 1
 */
export function requireProbability(what: string, probability: number): void {
  const rule = "the probability must be from 0 to 1";
  requireRange(what, rule, probability >= 0 && probability <= 1, probability);
}

/**
 * Which images of a batch are chosen, each with a probability.
 *
 * @param key the randomness
 * @param count of images
 * @param probability of each
 */
export function chosen(key: Key, count: number, probability: number): boolean[] {
  return Array.from(uniformArray(key, count), (value) => value < probability);
}
