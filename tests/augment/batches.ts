// Batches to augment, and what became of them.
import {
  type Augmentation,
  type AugmentedBatch,
  type ColorAugmentation,
  colorJitter,
  type Strength,
} from "../../lib/augment/mod.ts";
import { key, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";

/** Heights, widths and channels that are odd and differ. */
export type Shape4 = [n: number, h: number, w: number, c: number];

/**
 * A batch of random pixels in 0 to 1, whose labels are one-hot, of class n modulo the classes.
 *
 * @param shape of the images
 * @param classes how many
 * @param seed of the pixels
 */
export function randomBatch(shape: Shape4, classes = 3, seed = 1): AugmentedBatch {
  const pixels = uniformArray(key(seed), tf.util.sizeFromShape(shape));
  const rows = Array.from(
    { length: shape[0] },
    (_, n) => Array.from({ length: classes }, (_, c) => n % classes === c ? 1 : 0),
  );
  return {
    images: tf.tensor4d(pixels, shape),
    labels: tf.tensor2d(rows, [shape[0], classes], "float32"),
  };
}

/** Images and labels as numbers of the host. */
export type Numbers = { readonly images: Float32Array; readonly labels: Float32Array };

/**
 * A batch after one draw.
 *
 * @param augmentation what is drawn and applied
 * @param batch what it is applied to
 * @param seed of the draw
 */
export async function augmented(
  augmentation: Augmentation,
  batch: AugmentedBatch,
  seed = 0,
): Promise<Numbers> {
  const drawn = augmentation.draw(key(seed), batch.images.shape);
  return await numbersOfBatch(augmentation.apply(batch, drawn));
}

/** The numbers of a batch. */
export async function numbersOfBatch({ images, labels }: AugmentedBatch): Promise<Numbers> {
  return {
    images: await images.data() as Float32Array,
    labels: await labels.data() as Float32Array,
  };
}

/** Single changes of color. */
export const brightness = (strength: Strength): ColorAugmentation =>
  colorJitter({ brightness: strength });
export const contrast = (strength: Strength): ColorAugmentation =>
  colorJitter({ contrast: strength });
export const saturation = (strength: Strength): ColorAugmentation =>
  colorJitter({ saturation: strength });
