// Rectangles of a random size and shape at a random place.
import type { Box } from "../tensor/box.ts";
import { fold, type Key, uniformArray } from "../tensor/random.ts";
import { requireRange } from "../text/require.ts";

/** Two numbers in order. */
export type Interval = readonly [least: number, most: number];

/** What a rectangle is to be like. */
export type BoxRule = {
  /** Its share of the image's area. */
  readonly share: Interval;
  /** Width by height, given a uniform number from 0 to 1. */
  readonly ratioAt: (uniform: number) => number;
  /** How often one that is too large for the image is drawn anew. */
  readonly attempts: number;
};

/**
 * Draws a rectangle: its share uniform, its place uniform among those in the image.
 *
 * @param key the randomness
 * @param rule share and shape
 * @param height of the image in pixels
 * @param width of the image in pixels
 * @returns the rectangle, or none where none fitted
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
 * Refuses a range of shares of an area.
 *
 * @param what cannot be done otherwise
 * @param name of the range
 * @param range the shares
 * @throws {RangeError} if they are not above 0, up to 1 and in order
 */
export function requireShares(what: string, name: string, [least, most]: Interval): void {
  const rule = `${name} must be two shares above 0, up to 1 and in order`;
  requireRange(what, rule, least > 0 && most >= least && most <= 1, `${least} to ${most}`);
}

/**
 * Refuses a range of ratios.
 *
 * @param what cannot be done otherwise
 * @param range the ratios
 * @throws {RangeError} if they are not finite, above 0 and in order
 */
export function requireRatios(what: string, [least, most]: Interval): void {
  const rule = "the ratios must be finite, above 0 and in order";
  requireRange(what, rule, least > 0 && most >= least && most < Infinity, `${least} to ${most}`);
}
