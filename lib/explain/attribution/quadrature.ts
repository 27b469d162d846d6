// Where along a path a function is looked at, and what each place counts for, to integrate it.

/** The rules: the midpoints of equal parts, or Gauss's points, which are exact for polynomials of degree 2n − 1. */
export type QuadratureRule = "gauss-legendre" | "midpoint";

/** The rules by name. */
export const QUADRATURE_RULES: readonly QuadratureRule[] = ["gauss-legendre", "midpoint"];

/** A place from 0 to 1, and its weight; the weights' sum is 1. */
export type QuadraturePoint = { readonly at: number; readonly weight: number };

/**
 * The points of a rule between 0 and 1.
 *
 * @param rule its name
 * @param count how many points, from 1
 * @returns the points, from 0 on
 * @throws {RangeError} where there is no such rule, or the count is not a whole number from 1
 */
export function quadrature(rule: QuadratureRule, count: number): QuadraturePoint[] {
  if (!QUADRATURE_RULES.includes(rule)) {
    throw new RangeError(
      `Cannot integrate: the rule must be one of ${QUADRATURE_RULES.join(", ")}, got ${rule}`,
    );
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot integrate: the steps must be a whole number of at least 1, got ${count}`,
    );
  }
  return Array.from(
    { length: count },
    (_, i) =>
      rule === "midpoint" ? { at: (i + 0.5) / count, weight: 1 / count } : gaussPoint(count, i),
  );
}

/** The root number `index` of Legendre's polynomial of degree n by Newton's method, moved from [−1, 1] to [0, 1]. */
function gaussPoint(n: number, index: number): QuadraturePoint {
  let x = -Math.cos(Math.PI * (index + 0.75) / (n + 0.5)); // Tricomi's first guess.
  let slope = 1;
  for (let turn = 0; turn < 100; turn++) {
    const [value, derivative] = legendre(n, x);
    slope = derivative;
    const step = value / derivative;
    x -= step;
    if (Math.abs(step) < 1e-15) break;
  }
  return { at: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
}

/** Legendre's polynomial of degree n and its derivative, by Bonnet's recursion. */
function legendre(n: number, x: number): [value: number, derivative: number] {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) {
    [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  }
  return [value, n * (x * value - before) / (x * x - 1)];
}
