// Replaces rectangles of images by those of others.
import type { Box } from "../tensor/box.ts";
import { type Key, uniformArray } from "../tensor/random.ts";
import type { Augmentation } from "./augmentation.ts";
import { mixing, type MixingOptions } from "./mixing.ts";

/**
 * Replaces a rectangle of each image by that of another image of the batch, and blends the labels by
 * the areas (Yun et al. 2019, "CutMix: regularization strategy to train strong classifiers with
 * localizable features"). The rectangle has the image's proportions and 1 − λ of its area, with λ
 * from Beta(α, α). Its center is uniform in the image, and its parts outside are cut off. Both are
 * drawn for each image; the paper's code draws once for each batch.
 *
 * @param options α, by default 1 as in the paper, and the probability
 * @returns the augmentation
 * @throws {RangeError} if α is not above 0, or the probability not from 0 to 1
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { cutmix } from "@neocog/neocog/augment";
 * import { key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * // A white and a black image: the white part of the first is its label's share.
 * const white = tf.tensor4d([1, 0], [2, 1, 1, 1]);
 * const batch = { images: tf.tile(white, [1, 8, 8, 1]), labels: tf.eye(2) };
 * const mixing = cutmix();
 * const { images, labels } = mixing.apply(batch, mixing.draw(key(3), [2, 8, 8, 1]));
 * const shown = (await images.mean([1, 2, 3]).data())[0]!;
 * assertAlmostEquals(shown, (await labels.data())[0]!, 1e-6);
 * ```
 */
export function cutmix(options: MixingOptions = {}): Augmentation {
  return mixing("cutmix", { alpha: 1, ...options }, (key, own, [, height, width]) => {
    const box = boxOf(key, 1 - own, height, width);
    return { box, share: 0, labelShare: box.width * box.height / (height * width) };
  });
}

/** A rectangle of a fraction of the area around any place, cut off at the edges. */
function boxOf(key: Key, share: number, height: number, width: number): Box {
  const [x, y] = uniformArray(key, 2) as unknown as [number, number];
  const [left, across] = spanOf(Math.floor(x * width), Math.sqrt(share), width);
  const [top, down] = spanOf(Math.floor(y * height), Math.sqrt(share), height);
  return { left, top, width: across, height: down };
}

/** The begin and the length of a part of an axis. */
function spanOf(middle: number, share: number, size: number): [begin: number, length: number] {
  const length = Math.floor(size * share);
  const begin = middle - Math.floor(length / 2);
  const [from, to] = [Math.max(0, begin), Math.min(size, begin + length)];
  return [from, to - from];
}
