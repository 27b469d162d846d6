// Sets of numbers of mean 0 and variance 1.
import type { Affine } from "./batch_norm.ts";
import { type HostTensor, registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/**
 * The name of the operation among tfjs's kernels: `x`, of {@linkcode Sets}; if they are given, `scale`
 * and `shift`, of any size that divides that of `x`, which repeat along it → `y`.
 */
export const STANDARDIZE = "NeocogStandardize";

/** The name of its gradient: `x`, `dy` and, if it is given, `scale` → `dx`. */
export const STANDARDIZE_GRADIENT = "NeocogStandardizeGrad";

/** Attributes of both kernels. */
export type StandardizeAttributes = {
  /** Added to the variance. */
  readonly epsilon: number;
};

/**
 * A tensor as `[N, P, G, K]`: N · G sets of P · K numbers, each of which has its own mean. Features
 * that are last are K of G groups of neighbors at each of the P positions of an example.
 */
export type Sets = readonly [examples: number, positions: number, groups: number, width: number];

/** The axes of {@linkcode Sets} along which a set lies. */
const ALONG = [1, 3];

/**
 * Subtracts each set's mean and divides by its deviation, (x − μ) / √(σ² + ε), then scales and shifts.
 *
 * @param x any tensor of floats
 * @param sets its sizes as sets
 * @param epsilon added to the variance
 * @param affine what follows, of the shape of an example or of its last axes. Default: nothing
 * @throws {TypeError} if scale and shift are not of such a shape
 */
export function standardize(x: Tensor, sets: Sets, epsilon: number, affine?: Affine): Tensor {
  if (affine) requireRepeated(affine, x.shape);
  const inSets = tf.reshape(x, [...sets]);
  if (x.dtype !== "float32" || x.size === 0) {
    const y = tf.reshape(parts(inSets, epsilon).y, x.shape);
    return affine ? tf.add(tf.mul(y, affine.scale), affine.shift) : y;
  }
  const more = affine ? [affine.scale, affine.shift] : [];
  return tf.reshape(run(STANDARDIZE, [inSets, ...more], { epsilon }), x.shape);
}

function requireRepeated({ scale, shift }: Affine, shape: readonly number[]): void {
  const fits = ({ shape: own }: Tensor): boolean =>
    own.length > 0 && own.join() === shape.slice(-own.length).join();
  if (fits(scale) && fits(shift) && scale.size === shift.size) return;
  throw new TypeError(
    `Cannot scale and shift [${shape}]: both must be of the shape of its last axes, got [${scale.shape}] and [${shift.shape}]`,
  );
}

/** tfjs takes a list of inputs where some may be left out. */
function run(kernel: string, inputs: Tensor[], attributes: StandardizeAttributes): Tensor {
  return tf.engine().runKernel(kernel, inputs as unknown as tf.NamedTensorMap, attributes);
}

/** A tensor in rows of so many numbers. */
function inRows(x: Tensor, size: number): Tensor {
  return tf.reshape(x, [x.size / size, size]);
}

/** The slopes by what repeats along a tensor, from those of the tensor. */
function repeatedSum(slopes: Tensor, repeated: Tensor): Tensor {
  return tf.reshape(tf.sum(inRows(slopes, repeated.size), 0), repeated.shape);
}

/** Multiplies a tensor by what repeats along it. */
function scaled(x: Tensor, scale: Tensor | undefined): Tensor {
  return scale
    ? tf.reshape(tf.mul(inRows(x, scale.size), tf.reshape(scale, [scale.size])), x.shape)
    : x;
}

/** The same of single operations, with the factor 1 / √(σ² + ε). */
function parts(x: Tensor, epsilon: number): { readonly y: Tensor; readonly factor: Tensor } {
  const centered = tf.sub(x, tf.mean(x, ALONG, true));
  const variance = tf.mean(tf.square(centered), ALONG, true);
  const factor = tf.rsqrt(tf.add(variance, epsilon));
  return { y: tf.mul(centered, factor), factor };
}

tf.registerGradient({
  kernelName: STANDARDIZE,
  saveAllInputs: true,
  gradFunc: (slopes, saved, attributes) => {
    const [x, scale, shift] = saved as [Tensor, Tensor?, Tensor?];
    const dy = slopes as Tensor;
    const given = attributes as unknown as StandardizeAttributes;
    return named([
      () => run(STANDARDIZE_GRADIENT, [x, dy, ...(scale ? [scale] : [])], given),
      () => repeatedSum(run(STANDARDIZE, [x, dy], given), scale!),
      () => repeatedSum(dy, shift!),
    ]);
  },
});

/**
 * The gradient's own. It is linear in the slopes d = dy · scale, and its own transpose. With the
 * upstream u, it sums to u · g = C r s, s = mean(u d) − mean(u) mean(d) − mean(u y) mean(d y), which
 * depends on x by way of y and of the factor r, whose slope is −r² y / C.
 */
tf.registerGradient({
  kernelName: STANDARDIZE_GRADIENT,
  saveAllInputs: true,
  gradFunc: (slopes, saved, attributes) => {
    const [x, dy, scale] = saved as [Tensor, Tensor, Tensor?];
    const u = slopes as Tensor;
    const given = attributes as unknown as StandardizeAttributes;
    const through = (d: Tensor): Tensor => run(STANDARDIZE_GRADIENT, [x, d], given);
    const mean = (numbers: Tensor): Tensor => tf.mean(numbers, ALONG, true);
    return named([
      () => {
        const { y, factor } = parts(x, given.epsilon);
        const d = scaled(dy, scale);
        const [uy, ddy] = [mean(tf.mul(u, y)), mean(tf.mul(d, y))];
        const byY = tf.mul(factor, tf.add(tf.mul(u, ddy), tf.mul(d, uy)));
        const means = tf.add(tf.mul(mean(u), mean(d)), tf.mul(uy, ddy));
        const s = tf.sub(mean(tf.mul(u, d)), means);
        const byFactor = tf.mul(tf.square(factor), tf.mul(y, s));
        return tf.neg(tf.add(through(byY), byFactor));
      },
      () => scaled(through(u), scale),
      () => repeatedSum(tf.mul(through(u), dy), scale!),
    ]);
  },
});

/** Gradients by the places of the inputs in their list. */
function named(gradients: readonly (() => Tensor)[]): Record<string, () => Tensor> {
  return Object.fromEntries(gradients.map((gradient, i) => [i, gradient]));
}

/** A set's numbers, and where they lie. */
type HostSet = { readonly numbers: Float64Array; readonly places: readonly number[] };

function* setsOf({ values, shape }: HostTensor): Generator<HostSet> {
  const [examples, positions, groups, width] = shape as Sets;
  for (let set = 0; set < examples * groups; set++) {
    const [example, group] = [Math.floor(set / groups), set % groups];
    const places = Array.from({ length: positions * width }, (_, i) => {
      const row = (example * positions + Math.floor(i / width)) * groups + group;
      return row * width + i % width;
    });
    yield { numbers: Float64Array.from(places, (place) => values[place]!), places };
  }
}

function meanOf(numbers: Float64Array): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** The numbers of a set with mean 0 and variance 1, and 1 / √(σ² + ε). */
function standardized(numbers: Float64Array, epsilon: number): [y: Float64Array, factor: number] {
  const mean = meanOf(numbers);
  const factor = 1 / Math.sqrt(meanOf(numbers.map((value) => (value - mean) ** 2)) + epsilon);
  return [numbers.map((value) => (value - mean) * factor), factor];
}

/** What repeats along a tensor, at a place. */
function at(repeated: HostTensor | undefined, place: number, otherwise: number): number {
  return repeated ? repeated.values[place % repeated.values.length]! : otherwise;
}

registerHostKernel<StandardizeAttributes>(
  STANDARDIZE,
  ({ 0: x, 1: scale, 2: shift }, { epsilon }) => {
    const values = new Float32Array(x!.values.length);
    for (const { numbers, places } of setsOf(x!)) {
      const [y] = standardized(numbers, epsilon);
      places.forEach((place, i) => {
        values[place] = y[i]! * at(scale, place, 1) + at(shift, place, 0);
      });
    }
    return [{ values, shape: x!.shape }];
  },
);

registerHostKernel<StandardizeAttributes>(
  STANDARDIZE_GRADIENT,
  ({ 0: x, 1: dy, 2: scale }, { epsilon }) => {
    const values = new Float32Array(x!.values.length);
    for (const { numbers, places } of setsOf(x!)) {
      const [y, factor] = standardized(numbers, epsilon);
      const d = Float64Array.from(places, (place) => dy!.values[place]! * at(scale, place, 1));
      const shift = meanOf(d);
      const share = meanOf(d.map((slope, i) => slope * y[i]!));
      places.forEach((place, i) => values[place] = factor * (d[i]! - shift - y[i]! * share));
    }
    return [{ values, shape: x!.shape }];
  },
);
