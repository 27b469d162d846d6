// A penalty on sharp detail away from the center.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import type { Regularizer } from "./ascend.ts";
import { alongLast, matrixOf } from "./matrix_products.ts";
import { requireWeight, weigh } from "./regularizers.ts";

/** Options of {@linkcode offCenterDetail}. */
export type OffCenterDetailOptions = {
  /** Standard deviation of the blur, in pixels; what it removes is detail. Default: 2. */
  readonly sigma?: number;
  /** Standard deviation of the center that may be sharp, as a share of the shorter side. Default: 0.25. */
  readonly center?: number;
};

/**
 * The chapter's Gaussian blur that favors the center (§12.9.4), as a penalty on detail elsewhere:
 * λ Σ (1 − m) (x − G x)², with G x the blurred image and m a bell from 1 at the center to 0 at the
 * edges. A single object at the center remains.
 *
 * As a penalty, instead of a blur between steps, it adds to the others, and its gradients go through
 * any parametrization.
 *
 * @param weight λ
 * @param options the blur, the size of the center
 * @returns the regularizer
 * @throws {RangeError} if the weight is not finite and at least 0, or a deviation is not above 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { offCenterDetail } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertAlmostEquals(await offCenterDetail(1).penalty(tf.fill([1, 8, 8, 3], 0.7)).array(), 0, 1e-9);
 * ```
 */
export function offCenterDetail(weight: number, options: OffCenterDetailOptions = {}): Regularizer {
  requireOptions("regularize by off-center detail", options, { sigma: true, center: true });
  const { sigma = 2, center = 0.25 } = options;
  requireWeight("off-center detail", weight);
  const holds = sigma > 0 && center > 0 && sigma < Infinity && center < Infinity;
  const rule = "its deviations must be finite and above 0";
  requireRange("regularize by off-center detail", rule, holds, `${sigma} and ${center}`);
  return {
    name: `off-center detail ${weight}, σ ${sigma}, center ${center}`,
    penalty(images) {
      const [, height, width] = images.shape as [number, number, number, number];
      const fine = tf.square(tf.sub(images, blurred(images, sigma)));
      const outside = outsideOf(height, width, center * Math.min(height, width));
      return weigh(tf.sum(tf.mul(fine, tf.reshape(outside, [1, height, width, 1]))), weight);
    },
  };
}

/** 1 minus a bell of a deviation in pixels about the center, `[H, W]`. */
function outsideOf(height: number, width: number, deviation: number): Tensor {
  return matrixOf(height, width, (y, x) => {
    const distance = Math.hypot(y - (height - 1) / 2, x - (width - 1) / 2);
    return 1 - Math.exp(-(distance ** 2) / (2 * deviation ** 2));
  });
}

/** The images under a Gaussian, normalized over the part inside the edges. */
function blurred(images: Tensor, sigma: number): Tensor {
  const [, height, width] = images.shape as [number, number, number, number];
  const rows = tf.transpose(images, [0, 3, 1, 2]); // [N, C, H, W]
  const across = tf.transpose(alongLast(rows, bells(width, sigma)), [0, 1, 3, 2]);
  return tf.transpose(alongLast(across, bells(height, sigma)), [0, 3, 2, 1]);
}

/** The bell around each pixel of an axis, as a column that sums to 1. */
function bells(size: number, sigma: number): Tensor {
  const bell = (from: number, to: number): number =>
    Math.exp(-((from - to) ** 2) / (2 * sigma ** 2));
  const sums = Array.from(
    { length: size },
    (_, to) => Array.from({ length: size }, (_, from) => bell(from, to)).reduce((a, b) => a + b),
  );
  return matrixOf(size, size, (from, to) => bell(from, to) / sums[to]!);
}
