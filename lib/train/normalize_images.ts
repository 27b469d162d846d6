// Normalizes images that are on the device already, as batches are made by a table of bytes.
import { type Normalization, pixelTable } from "../data/normalization.ts";
import type { Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/**
 * Normalizes images by channel: (x − mean) / std.
 *
 * @param images in 0 to 1, `[N, H, W, C]`
 * @param normalize the rule, `"unit"` for none
 * @returns the images, the same tensor for `"unit"`
 * @throws {RangeError} where there is not one finite mean and one positive finite deviation a channel
 */
export function normalizeImages(images: Tensor4D, normalize: Normalization): Tensor4D {
  if (normalize === "unit") return images;
  pixelTable(normalize, images.shape[3]); // Refuses moments that are not one a channel.
  const { mean, std } = normalize;
  return tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...std]));
}
