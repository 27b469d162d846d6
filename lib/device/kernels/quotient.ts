// Whole quotients without the division of whole numbers, which software adapters do lane by lane.

/**
 * WGSL: `quotient(n, d)`, ⌊n / d⌋ for n < 2³¹ and 0 < d < 2³¹. What float32's quotient misses by, the
 * rest's quotient makes good but for one.
 */
export const QUOTIENT = `
fn quotient(n: u32, d: u32) -> u32 {
  let divisor = i32(d);
  let inverse = 1.0 / f32(divisor);
  let guess = i32(f32(i32(n)) * inverse);
  let rest = i32(n) - guess * divisor;
  let more = i32(floor(f32(rest) * inverse));
  let left = rest - more * divisor;
  return u32(guess + more + select(0, 1, left >= divisor) - select(0, 1, left < 0));
}
`;

/**
 * WGSL: `quotient(n, d)` as well where divisions of whole numbers cost no more.
 *
 * @param software whether the adapter computes on the CPU
 */
export function quotientText(software: boolean): string {
  return software ? QUOTIENT : "fn quotient(n: u32, d: u32) -> u32 { return n / d; }";
}
