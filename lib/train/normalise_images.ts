// Normalises images that are on the device already, as batches are made by a table of bytes.
import type { Normalisation } from "../data/normalisation.ts";
import type { Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * Normalises images by channel: (x − mean) / std.
 *
 * @param images in 0 to 1, `[N, H, W, C]`
 * @param normalise the rule, `"unit"` for none
 * @returns the images, the same tensor for `"unit"`
 */
export function normaliseImages(images: Tensor4D, normalise: Normalisation): Tensor4D {
  if (normalise === "unit") return images;
  const { mean, std } = normalise;
  return tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...std]));
}
