// Numbers in double precision, each with a bound of how far float32 may be from it: Higham's running
// error analysis ("Accuracy and Stability of Numerical Algorithms", 2nd ed., §3.3).

/** Half the distance of float32's neighbors, as a share of a number: one rounding's error. */
export const U = 2 ** -24;

/** What is smaller may count as zero: a GPU may flush subnormal numbers. */
const FLUSHED = 2 ** -125;

/** Numbers of a tensor, and how far from each its float32 counterpart may be. */
export type Bounded = {
  readonly shape: readonly number[];
  readonly value: Float64Array;
  readonly error: Float64Array;
};

/** Numbers in a product or sum: the places of the result and of one or two factors. */
type Visit = (to: number, first: number, second: number) => void;

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Numbers that float32 holds as they are. */
export function exactly(shape: readonly number[], values: ArrayLike<number>): Bounded {
  const value = Float64Array.from(values);
  return { shape, value, error: new Float64Array(value.length) };
}

/** Zeros. */
export function zerosOf(shape: readonly number[]): Bounded {
  return exactly(shape, new Float64Array(sizeOf(shape)));
}

/** The same numbers in another shape. */
export function reshaped({ value, error }: Bounded, shape: readonly number[]): Bounded {
  return { shape, value, error };
}

/** A tensor whose every number is made by a function that returns it with its error. */
export function each(
  shape: readonly number[],
  make: (i: number) => readonly [value: number, error: number],
): Bounded {
  const made = zerosOf(shape);
  for (let i = 0; i < made.value.length; i++) {
    const [value, error] = make(i);
    made.value[i] = value;
    made.error[i] = error;
  }
  return made;
}

/** Whole numbers up to here, and all on the way to them, float32 holds as they are. */
const EXACT = 2 ** 24;

/**
 * Sums of products, in any order: the error is what the factors' errors make, and a rounding of the
 * sum of magnitudes for each term. Of whole numbers there is none, so that zeros and ties are known.
 *
 * @param shape of the result
 * @param terms calls its argument for each product, with the places of the sum and the factors
 * @param scale what each sum is multiplied by
 */
export function products(
  shape: readonly number[],
  a: Bounded,
  b: Bounded,
  terms: (visit: Visit) => void,
  scale: (to: number) => number = () => 1,
): Bounded {
  const sum = zerosOf(shape);
  const size = new Float64Array(sum.value.length);
  const count = new Int32Array(size.length);
  const isWhole = new Uint8Array(size.length).fill(1);
  terms((to, i, j) => {
    const [p, q] = [Math.abs(a.value[i]!), Math.abs(b.value[j]!)];
    if (p % 1 !== 0 || q % 1 !== 0) isWhole[to] = 0;
    sum.value[to]! += a.value[i]! * b.value[j]!;
    sum.error[to]! += p * b.error[j]! + q * a.error[i]! + a.error[i]! * b.error[j]!;
    size[to]! += (p + a.error[i]!) * (q + b.error[j]!);
    count[to]!++;
  });
  for (let to = 0; to < size.length; to++) {
    const factor = scale(to);
    sum.value[to]! *= factor;
    if (isWhole[to] && sum.error[to] === 0 && size[to]! < EXACT && factor === 1) continue;
    sum.error[to] = Math.abs(factor) * (sum.error[to]! + rounding(size[to]!, count[to]! + 4));
  }
  return sum;
}

/** Sums of numbers, in any order. */
export function sums(
  shape: readonly number[],
  x: Bounded,
  terms: (visit: (to: number, from: number) => void) => void,
  scale?: (to: number) => number,
): Bounded {
  return products(shape, x, ONE, (visit) => terms((to, from) => visit(to, from, 0)), scale);
}

const ONE = exactly([], [1]);

/** The error of so many roundings of a number of that size; none of an exact zero. */
export function rounding(size: number, count = 1): number {
  return size === 0 ? 0 : count * U * size + FLUSHED;
}

/** a + b · factor, element by element. */
export function add(a: Bounded, b: Bounded, factor = 1): Bounded {
  return each(a.shape, (i) => {
    const [x, y] = [a.value[i]!, factor * b.value[i]!];
    const error = a.error[i]! + Math.abs(factor) * b.error[i]!;
    if (error === 0 && x % 1 === 0 && y % 1 === 0 && Math.abs(x) + Math.abs(y) < EXACT) {
      return [x + y, 0];
    }
    return [x + y, error + rounding(Math.abs(x + y) + error) + inexact(factor, y)];
  });
}

/** What a factor's own rounding and the product's come to. */
function inexact(factor: number, product: number): number {
  return Math.abs(factor) === 1 ? 0 : rounding(Math.abs(product), 2);
}

/** x · factor, element by element. */
export function scaled(x: Bounded, factor: number): Bounded {
  return each(x.shape, (i) => {
    const value = factor * x.value[i]!;
    return [value, Math.abs(factor) * x.error[i]! + rounding(Math.abs(value), 2)];
  });
}

/**
 * A rising or falling function of each number: what it may be between the number's bounds.
 *
 * @param roundings of the result, in halves of the last place
 */
export function monotone(
  x: Bounded,
  f: (x: number) => number,
  roundings: number,
  [least, most]: readonly [number, number] = [-Infinity, Infinity],
): Bounded {
  return each(x.shape, (i) => {
    const [at, error] = [x.value[i]!, x.error[i]!];
    const y = f(at);
    const spread = error === 0 ? 0 : Math.max(
      Math.abs(f(Math.min(most, at + error)) - y),
      Math.abs(f(Math.max(least, at - error)) - y),
    );
    return [y, spread + rounding(Math.abs(y) + spread, roundings)];
  });
}

/** The product of two tensors, element by element. */
export function times(a: Bounded, b: Bounded, roundings = 1): Bounded {
  return each(a.shape, (i) => {
    const [x, y] = [a.value[i]!, b.value[i]!];
    const error = Math.abs(x) * b.error[i]! + Math.abs(y) * a.error[i]! + a.error[i]! * b.error[i]!;
    return [x * y, error + rounding(Math.abs(x * y) + error, roundings)];
  });
}

/** How much of its bound a tensor's difference takes up: above 1 it is wrong. */
export type Excess = {
  /** The largest difference, as a share of its bound. */
  readonly ratio: number;
  /** Where that is. */
  readonly at: number;
  /** The largest bound, as a share of the largest magnitude: how sharp the comparison is. */
  readonly sharpness: number;
};

/** Compares what was found with what it may be. */
export function excess(found: ArrayLike<number>, { value, error }: Bounded): Excess {
  let [ratio, at, widest, magnitude] = [0, 0, 0, 0];
  if (found.length !== value.length) return { ratio: Infinity, at: 0, sharpness: 0 };
  for (let i = 0; i < value.length; i++) {
    // A number that is not finite has to be the same; of one within Infinity nothing is asked.
    const difference = Object.is(found[i], value[i]) ? 0 : Math.abs(found[i]! - value[i]!);
    const bound = error[i]! + rounding(Math.abs(value[i]!));
    const own = difference === 0 || bound === Infinity ? 0 : difference / bound;
    if (!(own <= ratio)) [ratio, at] = [Number.isNaN(own) ? Infinity : own, i];
    widest = Math.max(widest, bound);
    magnitude = Math.max(magnitude, Math.abs(value[i]!));
  }
  return { ratio, at, sharpness: magnitude === 0 ? 0 : widest / magnitude };
}
