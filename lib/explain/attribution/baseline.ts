// What stands for the absence of an image, or of a part of it.
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";

/** A number for every input, an image `[H, W, C]` or images of the inputs' shape; in the network's units. */
export type Baseline = number | Tensor;

/**
 * A baseline in the form of the images.
 *
 * @param baseline as it was given
 * @param x the images `[N, H, W, C]`
 * @returns a tensor of the images' shape; the caller owns it
 * @throws {TypeError} where the baseline is of another shape
 * @throws {RangeError} where it is a number that is not finite
 */
export function baselineOf(baseline: Baseline, x: Tensor): Tensor {
  requireBaseline(baseline, x);
  return tf.tidy(() =>
    typeof baseline === "number" ? tf.fill(x.shape, baseline) : tf.add(tf.zerosLike(x), baseline)
  );
}

/** Refuses a baseline that does not fit the images. */
export function requireBaseline(baseline: Baseline, x: Tensor): void {
  if (typeof baseline === "number") {
    if (Number.isFinite(baseline)) return;
    throw new RangeError(
      `Cannot explain an answer: the baseline must be finite, got ${baseline}`,
    );
  }
  const image = `${x.shape.slice(1)}`;
  if (`${baseline.shape}` === image || `${baseline.shape}` === `${x.shape}`) return;
  throw new TypeError(
    `Cannot explain an answer: the baseline must be a number, [${image}] or [${x.shape}], got [${baseline.shape}]`,
  );
}
