// The error function in double precision.

/**
 * erf(x) by its series, and from 3 on by its continued fraction.
 *
 * @param x any number
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || x === 0) return x;
  if (size > 6) return Math.sign(x);
  if (size > 3) {
    let fraction = size;
    for (let n = 150; n >= 1; n--) fraction = size + n / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / fraction);
  }
  let [term, sum] = [size, size];
  for (let n = 1; n < 200; n++) {
    term *= -size * size / n;
    sum += term / (2 * n + 1);
  }
  return Math.sign(x) * sum * 2 / Math.sqrt(Math.PI);
}
