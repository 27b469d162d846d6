// Between pixels from 0 to 1, in which pictures are made, and the numbers that a network sees.
import type { Preprocessing } from "../image/preprocessing.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/** What becomes of pixels before a network sees them; any {@linkcode Preprocessing} is one. */
export type InputUnits = Pick<Preprocessing, "range" | "mean" | "std" | "order">;

/** Those of networks that see the pixels as they are, as ones that were trained here do. */
export const UNIT_PIXELS: InputUnits = { range: 1, mean: [0], std: [1] };

/** Red, green and blue in the other order. */
function reordered(images: Tensor, { order }: InputUnits): Tensor {
  return order === "bgr" ? tf.reverse(images, -1) : images;
}

/**
 * The network's inputs for pixels: `(range · pixel − mean) / std`, in the channels' order.
 *
 * @param pixels images `[N, H, W, C]`, from 0 to 1, red, green and blue
 * @param units range, means, deviations, order
 * @returns inputs `[N, H, W, C]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { preprocessings } from "@neocog/neocog/image";
 * import { start, tf } from "@neocog/neocog";
 * import { toInputs } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const white = tf.ones([1, 1, 1, 3]);
 * assertEquals(await toInputs(white, preprocessings.caffe).flatten().array(), [132, 138, 151]);
 * ```
 */
export function toInputs(pixels: Tensor, units: InputUnits): Tensor {
  return tf.tidy(() => {
    const { range, mean, std } = units;
    const centered = tf.sub(tf.mul(reordered(pixels, units), range), tf.tensor1d([...mean]));
    return tf.div(centered, tf.tensor1d([...std]));
  });
}

/**
 * The pixels of a network's inputs: {@linkcode toInputs} undone.
 *
 * @param inputs inputs `[N, H, W, C]`
 * @param units range, means, deviations, order
 * @returns pixels `[N, H, W, C]`, red, green and blue, from 0 to 1 where the inputs are a picture's
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { preprocessings } from "@neocog/neocog/image";
 * import { start, tf } from "@neocog/neocog";
 * import { toPixels } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const white = tf.tensor4d([132, 138, 151], [1, 1, 1, 3]);
 * assertEquals(await toPixels(white, preprocessings.caffe).flatten().array(), [1, 1, 1]);
 * ```
 */
export function toPixels(inputs: Tensor, units: InputUnits): Tensor {
  return tf.tidy(() => {
    const { range, mean, std } = units;
    const scaled = tf.add(tf.mul(inputs, tf.tensor1d([...std])), tf.tensor1d([...mean]));
    return reordered(tf.div(scaled, range), units);
  });
}
