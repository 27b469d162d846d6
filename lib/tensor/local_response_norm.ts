// Local response normalization across channels, and its gradient.
import { type HostTensor, registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels, of `x`. */
export const LOCAL_RESPONSE_NORM = "NeocogLocalResponseNorm";

/** The name of its gradient, of the slopes `dy` and of `x`. */
export const LOCAL_RESPONSE_NORM_GRADIENT = "NeocogLocalResponseNormGrad";

/** Attributes of both kernels: y = x / (k + share · Σx²)^beta. */
export type ResponseAttributes = {
  /** Channels summed over before a channel, and after it. */
  readonly before: number;
  readonly after: number;
  /** What each square counts. */
  readonly share: number;
  readonly beta: number;
  readonly k: number;
};

/**
 * Divides each number by what the channels around it come to.
 *
 * @param x float32, of any shape with channels last
 * @param attributes which channels, and how they count
 * @returns a tensor of the same shape
 */
export function normalizeResponses(x: Tensor, attributes: ResponseAttributes): Tensor {
  return tf.engine().runKernel(LOCAL_RESPONSE_NORM, { x }, attributes);
}

tf.registerGradient({
  kernelName: LOCAL_RESPONSE_NORM,
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attributes) => ({
    x: () =>
      tf.engine().runKernel(
        LOCAL_RESPONSE_NORM_GRADIENT,
        { dy: dy as Tensor, x: x! },
        attributes,
      ) as Tensor,
  }),
});

/** k + share · Σx² of each number, the squares as float32 holds them. */
function basesOf({ values, shape }: HostTensor, attributes: ResponseAttributes): Float64Array {
  const { before, after, share, k } = attributes;
  const sums = windowSums(values.map((value) => value * value), shape, before, after);
  return sums.map((sum) => k + share * sum);
}

/** Sums over the channels from `before` in front of each to `after` behind it. */
function windowSums(
  values: ArrayLike<number>,
  shape: readonly number[],
  before: number,
  after: number,
): Float64Array {
  const channels = shape.at(-1)!;
  return Float64Array.from(values, (_, i) => {
    const channel = i % channels;
    const last = i + Math.min(after, channels - 1 - channel);
    let sum = 0;
    for (let j = i - Math.min(before, channel); j <= last; j++) sum += values[j]!;
    return sum;
  });
}

registerHostKernel<ResponseAttributes>(LOCAL_RESPONSE_NORM, ({ x }, attributes) => {
  const bases = basesOf(x!, attributes);
  const values = x!.values.map((value, i) => value * bases[i]! ** -attributes.beta);
  return [{ values, shape: x!.shape }];
});

/** A number counts in its own quotient, and in the divisor of each that it is summed for. */
registerHostKernel<ResponseAttributes>(
  LOCAL_RESPONSE_NORM_GRADIENT,
  ({ dy, x }, attributes) => {
    const { before, after, share, beta } = attributes;
    const bases = basesOf(x!, attributes);
    const pulls = bases.map((base, i) => dy!.values[i]! * x!.values[i]! * base ** -beta / base);
    const sums = windowSums(pulls, x!.shape, after, before);
    const values = x!.values.map((value, i) =>
      dy!.values[i]! * bases[i]! ** -beta - 2 * share * beta * value * sums[i]!
    );
    return [{ values, shape: x!.shape }];
  },
);
