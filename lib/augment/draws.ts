// Random draws that augmentations share: choices, rectangles, and numbers of a beta distribution.
import type { Box } from "../tensor/box.ts";
import { fold, type Key, normalArray, uniformArray } from "../tensor/random.ts";
import { requireRange } from "../text/require.ts";

/**
 * Refuses what is not a probability.
 *
 * @throws {RangeError} if it is not from 0 to 1
 */
export function requireProbability(what: string, probability: number): void {
  const rule = "the probability must be from 0 to 1";
  requireRange(what, rule, probability >= 0 && probability <= 1, probability);
}

/**
 * Chooses images of a batch, each with a probability.
 *
 * @param count the number of images
 */
export function chosen(key: Key, count: number, probability: number): boolean[] {
  return Array.from(uniformArray(key, count), (value) => value < probability);
}

/** Two numbers in order. */
export type Interval = readonly [least: number, most: number];

/** The size and shape of a random rectangle. */
export type BoxRule = {
  /** Its fraction of the image's area. */
  readonly share: Interval;
  /** Width divided by height, from a uniform number from 0 to 1. */
  readonly ratioAt: (uniform: number) => number;
  /** How often a rectangle is drawn until one fits the image. */
  readonly attempts: number;
};

/**
 * Draws a rectangle: its fraction of the area is uniform, and its place is uniform among those in the
 * image.
 *
 * @param rule size and shape
 * @param height the image's height in pixels
 * @param width the image's width in pixels
 * @returns the rectangle, or `undefined` if none fitted
 */
export function drawBox(
  key: Key,
  { share: [least, most], ratioAt, attempts }: BoxRule,
  height: number,
  width: number,
): Box | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const [u, v, x, y] = uniformArray(fold(key, attempt), 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const area = height * width * (least + (most - least) * u);
    const ratio = ratioAt(v);
    const size = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    const [across, down] = size as [number, number];
    if (across < 1 || down < 1 || across > width || down > height) continue;
    return {
      left: Math.floor(x * (width - across + 1)),
      top: Math.floor(y * (height - down + 1)),
      width: across,
      height: down,
    };
  }
  return undefined;
}

/**
 * Refuses a wrong range of fractions of an area.
 *
 * @throws {RangeError} if they are not above 0, up to 1 and in order
 */
export function requireShares(what: string, name: string, [least, most]: Interval): void {
  const rule = `${name} must be two fractions above 0, up to 1 and in order`;
  requireRange(what, rule, least > 0 && most >= least && most <= 1, `${least} to ${most}`);
}

/**
 * Refuses a wrong range of ratios.
 *
 * @throws {RangeError} if they are not finite, above 0 and in order
 */
export function requireRatios(what: string, [least, most]: Interval): void {
  const rule = "the ratios must be finite, above 0 and in order";
  requireRange(what, rule, least > 0 && most >= least && most < Infinity, `${least} to ${most}`);
}

/**
 * Draws a number from the beta distribution Beta(α, α).
 *
 * @param alpha α, above 0: below 1 numbers are mostly near 0 and 1, above 1 near 1/2
 * @returns a number from 0 to 1
 */
export function beta(key: Key, alpha: number): number {
  // As logarithms, as for small α both numbers are too small to be divided.
  const [first, second] = [0, 1].map((place) => logGamma(fold(key, place), alpha));
  return 1 / (1 + Math.exp(second! - first!));
}

/**
 * The logarithm of a number from the gamma distribution (Marsaglia and Tsang 2000, "A simple
 * method for generating gamma variables"), of α + 1 so that any α will do.
 */
function logGamma(key: Key, alpha: number): number {
  const d = alpha + 1 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const logScale = Math.log(1 - uniformArray(fold(key, "scale"), 1)[0]!) / alpha;
  for (let attempt = 0;; attempt++) {
    const own = fold(key, attempt);
    const x = normalArray(fold(own, 0), 1)[0]!;
    const v = (1 + c * x) ** 3;
    const u = 1 - uniformArray(fold(own, 1), 1)[0]!;
    if (v > 0 && Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
      return Math.log(d * v) + logScale;
    }
  }
}
