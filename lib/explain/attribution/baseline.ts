// What stands for the absence of an image, or of a part of it.
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { requireRange } from "../../text/require.ts";

/** One value for every input, an image `[H, W, C]`, or images of the inputs' shape; in the inputs' units. */
export type Baseline = number | Tensor;

/**
 * A baseline in the form of the images.
 *
 * @param x the images `[N, H, W, C]`
 * @returns a tensor of the images' shape; the caller owns it
 */
export function baselineFor(baseline: Baseline, x: Tensor): Tensor {
  return tf.tidy(() =>
    typeof baseline === "number" ? tf.fill(x.shape, baseline) : tf.add(tf.zerosLike(x), baseline)
  );
}

/**
 * Refuses a baseline that does not fit the images.
 *
 * @throws {TypeError} if it is of another shape
 * @throws {RangeError} if it is a number that is not finite
 */
export function requireBaseline(baseline: Baseline, x: Tensor): void {
  if (typeof baseline === "number") {
    const isFinite = Number.isFinite(baseline);
    return requireRange("explain an output", "the baseline must be finite", isFinite, baseline);
  }
  const image = `${x.shape.slice(1)}`;
  if (`${baseline.shape}` === image || `${baseline.shape}` === `${x.shape}`) return;
  throw new TypeError(
    `Cannot explain an output: the baseline must be a number, [${image}] or [${x.shape}], got [${baseline.shape}]`,
  );
}
