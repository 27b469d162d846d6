// Affine maps of places in images, as six numbers on the host.
import type { Shape } from "./tensor.ts";

/**
 * An affine map of places: what is seen at column x and row y is what lies at `a x + b y + c`
 * and `d x + e y + f`.
 */
export type AffineMap = readonly [
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
];

/**
 * The map that looks by `outer`, and from there by `inner`: what is seen of images that were
 * changed by `inner` first.
 */
export function composed(inner: AffineMap, [a, b, c, d, e, f]: AffineMap): AffineMap {
  const [p, q, r, s, t, u] = inner;
  return [
    p * a + q * d,
    p * b + q * e,
    p * c + q * f + r,
    s * a + t * d,
    s * b + t * e,
    s * c + t * f + u,
  ];
}

/**
 * Turns and scales about the middle: the linear part, with the shift that keeps the middle.
 *
 * @param shape of the images, `[N, H, W, C]`
 */
export function aboutMiddle(
  [a, b, d, e]: readonly [number, number, number, number],
  shape: Shape,
): AffineMap {
  const [x, y] = [(shape[2]! - 1) / 2, (shape[1]! - 1) / 2];
  return [a, b, x - a * x - b * y, d, e, y - d * x - e * y];
}
