// Numbers from the beta distribution whose two parameters are equal.
import { fold, type Key, normalArray, uniformArray } from "../tensor/random.ts";

/**
 * A number from the beta distribution Beta(α, α).
 *
 * @param key the randomness
 * @param alpha the parameter, above 0: below 1 numbers are near 0 and 1, above it near 1/2
 * @returns a number from 0 to 1
 */
export function beta(key: Key, alpha: number): number {
  // As logarithms: for small α both numbers are too small to be divided.
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
