// Gaussian blur that favors the middle: what is sharp elsewhere costs.
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Regularizer } from "./ascend.ts";
import { alongLast, matrixOf } from "./axis_products.ts";
import { requireWeight, weigh } from "./regularizers.ts";

/** Options of {@linkcode centerBlur}. */
export type CenterBlurOptions = {
  /** Deviation of the blur, in pixels. Default: 2. */
  readonly sigma?: number;
  /** Deviation of the region in the middle that may be sharp, as a share of the shorter side. Default: 0.25. */
  readonly middle?: number;
};

/**
 * Gaussian blur that favors the middle (§12.9.4): λ Σ (1 − m) (x − G x)², where G x is the
 * blurred image, and m a bell from 1 in the middle to 0 at the edges. What is sharp costs, the
 * more the further out, so that a single object in the middle remains.
 *
 * As a penalty, and not as a step between steps: it adds to the others, and its slopes go through
 * any parametrization.
 *
 * @param weight λ
 * @param options the blur's deviation, the middle's
 * @returns the regularizer
 * @throws {RangeError} where the weight is not finite and at least 0, or a deviation is not above 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { centerBlur } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertAlmostEquals(await centerBlur(1).penalty(tf.fill([1, 8, 8, 3], 0.7)).array(), 0, 1e-9);
 * ```
 */
export function centerBlur(weight: number, options: CenterBlurOptions = {}): Regularizer {
  const { sigma = 2, middle = 0.25 } = options;
  requireWeight("a blur", weight);
  if (!(sigma > 0 && middle > 0 && sigma < Infinity && middle < Infinity)) {
    throw new RangeError(
      `Cannot regularize by a blur: its deviations must be finite and above 0, got ${sigma} and ${middle}`,
    );
  }
  return {
    name: `blur ${weight}, σ ${sigma}, middle ${middle}`,
    penalty(images) {
      const [, height, width] = images.shape as [number, number, number, number];
      const fine = tf.square(tf.sub(images, blurred(images, sigma)));
      const outside = outsideOf(height, width, middle * Math.min(height, width));
      return weigh(tf.sum(tf.mul(fine, tf.reshape(outside, [1, height, width, 1]))), weight);
    },
  };
}

/** 1 less a bell of a deviation in pixels about the middle, `[H, W]`. */
function outsideOf(height: number, width: number, deviation: number): Tensor {
  return matrixOf(height, width, (y, x) => {
    const distance = Math.hypot(y - (height - 1) / 2, x - (width - 1) / 2);
    return 1 - Math.exp(-(distance ** 2) / (2 * deviation ** 2));
  });
}

/** The images under a Gaussian, whose part beyond the edges is left out and made up for. */
function blurred(images: Tensor, sigma: number): Tensor {
  const [, height, width] = images.shape as [number, number, number, number];
  const rows = tf.transpose(images, [0, 3, 1, 2]); // [N, C, H, W]
  const across = tf.transpose(alongLast(rows, bells(width, sigma)), [0, 1, 3, 2]);
  return tf.transpose(alongLast(across, bells(height, sigma)), [0, 3, 2, 1]);
}

/** Of each pixel of an axis the bell around it, as a column that sums to 1. */
function bells(size: number, sigma: number): Tensor {
  const bell = (from: number, to: number): number =>
    Math.exp(-((from - to) ** 2) / (2 * sigma ** 2));
  const sums = Array.from(
    { length: size },
    (_, to) => Array.from({ length: size }, (_, from) => bell(from, to)).reduce((a, b) => a + b),
  );
  return matrixOf(size, size, (from, to) => bell(from, to) / sums[to]!);
}
