// Normalises images that are on the device already, as batches are made by a table of bytes.
import { type Normalisation, pixelTable } from "../data/normalisation.ts";
import type { Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * Normalises images by channel: (x − mean) / std.
 *
 * @param images in 0 to 1, `[N, H, W, C]`
 * @param normalise the rule, `"unit"` for none
 * @returns the images, the same tensor for `"unit"`
 * @throws {RangeError} where there is not one finite mean and one positive finite deviation a channel
 */
export function normaliseImages(images: Tensor4D, normalise: Normalisation): Tensor4D {
  if (normalise === "unit") return images;
  pixelTable(normalise, images.shape[3]); // Refuses moments that are not one a channel.
  const { mean, std } = normalise;
  return tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...std]));
}
