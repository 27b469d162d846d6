// Quadrature rules for the integral of a function from 0 to 1.
import { requireWhole } from "../../text/require.ts";

/** Midpoints of equal parts, or Gauss points, which are exact for polynomials of degree 2n − 1. */
export type QuadratureRule = "gauss-legendre" | "midpoint";

/** The rules by name. */
const QUADRATURE_RULES: readonly QuadratureRule[] = ["gauss-legendre", "midpoint"];

/** A point from 0 to 1, and its weight; the weights add up to 1. */
export type QuadraturePoint = { readonly at: number; readonly weight: number };

/**
 * The points of a rule between 0 and 1.
 *
 * @param count how many points, from 1
 * @returns the points in ascending order
 * @throws {RangeError} if there is no such rule, or the count is not a whole number from 1
 */
export function quadrature(rule: QuadratureRule, count: number): QuadraturePoint[] {
  if (!QUADRATURE_RULES.includes(rule)) {
    throw new RangeError(
      `Cannot integrate: the rule must be one of ${QUADRATURE_RULES.join(", ")}, got ${rule}`,
    );
  }
  requireWhole("integrate", "the steps", count);
  return Array.from(
    { length: count },
    (_, i) =>
      rule === "midpoint" ? { at: (i + 0.5) / count, weight: 1 / count } : gaussPoint(count, i),
  );
}

/** The root `index` of the Legendre polynomial of degree n by Newton's method, moved from [−1, 1] to [0, 1]. */
function gaussPoint(n: number, index: number): QuadraturePoint {
  let x = -Math.cos(Math.PI * (index + 0.75) / (n + 0.5)); // Tricomi's first guess.
  let slope = 1;
  for (let round = 0; round < 100; round++) {
    const [value, derivative] = legendre(n, x);
    slope = derivative;
    const step = value / derivative;
    x -= step;
    if (Math.abs(step) < 1e-15) break;
  }
  return { at: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
}

/** The Legendre polynomial of degree n and its derivative, by Bonnet's recursion. */
function legendre(n: number, x: number): [value: number, derivative: number] {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) {
    [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  }
  return [value, n * (x * value - before) / (x * x - 1)];
}
