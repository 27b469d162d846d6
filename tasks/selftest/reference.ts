// Plain TypeScript references of convolutions and products: slow, in double precision, obviously right.

/** Numbers of a tensor, in any precision. */
export type Numbers = Float32Array | Float64Array;

/** The geometry of a convolution, and its data, channels last. */
export type Convolution = {
  readonly batch: number;
  readonly input: readonly [number, number, number];
  readonly filter: readonly [number, number];
  readonly features: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros at the top and the left. */
  readonly before: readonly [number, number];
  readonly output: readonly [number, number];
};

/** Calls `visit` for every product that a convolution sums up, with the places of its factors. */
function eachProduct(
  c: Convolution,
  visit: (x: number, filter: number, y: number) => void,
): void {
  const [height, width, channels] = c.input;
  for (let n = 0; n < c.batch; n++) {
    for (let i = 0; i < c.output[0]; i++) {
      for (let j = 0; j < c.output[1]; j++) {
        for (let u = 0; u < c.filter[0]; u++) {
          for (let v = 0; v < c.filter[1]; v++) {
            const row = i * c.stride[0] + u * c.dilation[0] - c.before[0];
            const column = j * c.stride[1] + v * c.dilation[1] - c.before[1];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            for (let p = 0; p < channels; p++) {
              const x = ((n * height + row) * width + column) * channels + p;
              for (let q = 0; q < c.features; q++) {
                visit(
                  x,
                  ((u * c.filter[1] + v) * channels + p) * c.features + q,
                  ((n * c.output[0] + i) * c.output[1] + j) * c.features + q,
                );
              }
            }
          }
        }
      }
    }
  }
}

/** Sizes of input, filter and output, in elements. */
export function sizes(c: Convolution): { x: number; filter: number; y: number } {
  return {
    x: c.batch * c.input[0] * c.input[1] * c.input[2],
    filter: c.filter[0] * c.filter[1] * c.input[2] * c.features,
    y: c.batch * c.output[0] * c.output[1] * c.features,
  };
}

/** The convolution itself. */
export function forward(c: Convolution, x: Numbers, filter: Numbers): Float64Array {
  const y = new Float64Array(sizes(c).y);
  eachProduct(c, (at, tap, to) => void (y[to]! += x[at]! * filter[tap]!));
  return y;
}

/** Its gradient by the input. */
export function inputGradient(
  c: Convolution,
  dy: Numbers,
  filter: Numbers,
): Float64Array {
  const dx = new Float64Array(sizes(c).x);
  eachProduct(c, (at, tap, to) => void (dx[at]! += dy[to]! * filter[tap]!));
  return dx;
}

/** Its gradient by the filter. */
export function filterGradient(c: Convolution, x: Numbers, dy: Numbers): Float64Array {
  const dw = new Float64Array(sizes(c).filter);
  eachProduct(c, (at, tap, to) => void (dw[tap]! += x[at]! * dy[to]!));
  return dw;
}

/** The product of matrices `[rows, depth]` and `[depth, columns]`. */
export function product(
  a: (m: number, k: number) => number,
  b: (k: number, n: number) => number,
  [rows, depth, columns]: readonly [number, number, number],
): Float64Array {
  const y = new Float64Array(rows * columns);
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < columns; n++) {
      for (let k = 0; k < depth; k++) y[m * columns + n]! += a(m, k) * b(k, n);
    }
  }
  return y;
}

/**
 * The largest difference, as a share of the largest magnitude expected. Infinities and NaN, of
 * which relations say nothing, have to be where they are expected.
 *
 * @param actual the numbers found
 * @param expected the numbers wanted
 */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  least = 0,
): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let magnitude = least;
  for (let i = 0; i < actual.length; i++) {
    if (!Number.isFinite(expected[i])) {
      if (Object.is(actual[i], expected[i])) continue;
      return Infinity;
    }
    const distance = Math.abs(actual[i]! - expected[i]!);
    difference = Math.max(difference, Number.isNaN(distance) ? Infinity : distance);
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return difference / Math.max(magnitude, 1e-30);
}
