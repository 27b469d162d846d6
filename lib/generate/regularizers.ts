// Penalties on images that are far from gray, or noisy.
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import type { Regularizer } from "./ascend.ts";

/** Gray, about which the inputs of networks are centered. */
const GRAY = 0.5;

/** @throws {RangeError} if a weight is not finite and at least 0 */
export function requireWeight(what: string, weight: number): void {
  const holds = Number.isFinite(weight) && weight >= 0;
  requireRange(`regularize by ${what}`, "the weight must be finite and at least 0", holds, weight);
}

/**
 * The chapter's λ ‖I‖² (§12.9.4), about gray as its images are zero-centered: λ Σ (x − ½)².
 *
 * @param weight λ
 * @returns the regularizer
 * @throws {RangeError} if the weight is not finite and at least 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { l2 } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await l2(2).penalty(tf.tensor4d([1, 0.5], [1, 1, 2, 1])).array(), 0.5);
 * ```
 */
export function l2(weight: number): Regularizer {
  requireWeight("L2", weight);
  return {
    name: `L2 ${weight}`,
    penalty: (images) => weigh(tf.sum(tf.square(tf.sub(images, GRAY))), weight),
  };
}

/**
 * L1 distance from gray, λ Σ |x − ½|: few pixels differ from it.
 *
 * @param weight λ
 * @returns the regularizer
 * @throws {RangeError} if the weight is not finite and at least 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { l1 } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await l1(2).penalty(tf.tensor4d([1, 0.25], [1, 1, 2, 1])).array(), 1.5);
 * ```
 */
export function l1(weight: number): Regularizer {
  requireWeight("L1", weight);
  return {
    name: `L1 ${weight}`,
    penalty: (images) => weigh(tf.sum(tf.abs(tf.sub(images, GRAY))), weight),
  };
}

/**
 * R_α of feature inversion (§12.9.4), λ Σ |2x − 1|^α: a large α only keeps pixels in their range.
 * Mahendran and Vedaldi, "Understanding deep image representations by inverting them", 2015, use
 * α = 6.
 *
 * @param weight λ
 * @param alpha α, at least 1. Default: 6.
 * @returns the regularizer
 * @throws {RangeError} if the weight or α is out of its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { alphaNorm } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await alphaNorm(2, 2).penalty(tf.tensor4d([1, 0.25], [1, 1, 2, 1])).array(), 2.5);
 * ```
 */
export function alphaNorm(weight: number, alpha = 6): Regularizer {
  requireWeight("the norm", weight);
  requirePower("the norm", alpha);
  return {
    name: `R_α ${weight}, α ${alpha}`,
    penalty(images) {
      const squares = tf.square(tf.mul(tf.sub(images, GRAY), 2));
      return weigh(tf.sum(powerOf(squares, alpha / 2)), weight);
    },
  };
}

function requirePower(what: string, power: number): void {
  const holds = Number.isFinite(power) && power >= 1;
  requireRange(`regularize by ${what}`, "its power must be finite and at least 1", holds, power);
}

/** Added to the base of powers below 1, whose gradient at 0 is infinite. */
const SMALLEST = 1e-6;

function powerOf(squares: Tensor, power: number): Tensor {
  if (power === 1) return squares;
  return power > 1 ? tf.pow(squares, power) : tf.pow(tf.add(squares, SMALLEST), power);
}

/** Options of {@linkcode totalVariation}. */
export type TotalVariationOptions = {
  /** β: 1 allows sharp edges, 2 smooths them. Default: 1. */
  readonly beta?: number;
};

/**
 * Total variation, R_Vβ (§12.9.4): λ Σ ((x right − x)² + (x below − x)²)^(β / 2), over the pixels
 * that have both neighbors. Below β = 2, 1e-6 is added to each sum of squares to make it differentiable at 0.
 *
 * @param weight λ
 * @param options β
 * @returns the regularizer
 * @throws {RangeError} if the weight is not finite and at least 0, or β is below 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tf } from "@neocog/neocog";
 * import { totalVariation } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const corner = tf.tensor4d([0, 3, 4, 9], [1, 2, 2, 1]);
 * assertEquals(await totalVariation(2, { beta: 2 }).penalty(corner).array(), 50);
 * ```
 */
export function totalVariation(weight: number, options: TotalVariationOptions = {}): Regularizer {
  requireOptions("regularize by total variation", options, { beta: true });
  const { beta = 1 } = options;
  requireWeight("total variation", weight);
  requirePower("total variation", beta);
  return {
    name: `total variation ${weight}, β ${beta}`,
    penalty(images) {
      const [count, height, width, channels] = images.shape as [number, number, number, number];
      const size = [count, height - 1, width - 1, channels] as [number, number, number, number];
      const from = (row: number, column: number): Tensor =>
        tf.slice(images, [0, row, column, 0], size);
      const own = from(0, 0);
      const [right, below] = [tf.sub(from(0, 1), own), tf.sub(from(1, 0), own)];
      const squares = tf.add(tf.square(right), tf.square(below));
      return weigh(tf.sum(powerOf(squares, beta / 2)), weight);
    },
  };
}

/** A weighted sum as a scalar. */
export const weigh = (sum: Tensor, weight: number): Scalar => tf.mul(sum, weight).asScalar();
