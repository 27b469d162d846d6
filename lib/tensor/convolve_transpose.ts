// Transposed convolution: what the gradient of a convolution by its input computes, forward.
import { convolutionGradients, dilateKernel } from "./convolve.ts";
import type { Tensor, Tensor1D, Tensor4D } from "./tensor.ts";
import { tf } from "./tf.ts";
import { requireOptions } from "../text/require.ts";

/** How a transposed convolution lays filters over its output. */
export type ConvolveTransposeOptions = {
  /** Distance in the output of neighbors in the input, down and across. */
  readonly stride: readonly [number, number];
  /** Pixels cut off the output on every side, down and across. */
  readonly padding: readonly [number, number];
  /** Pixels added at the bottom and the right. */
  readonly outputPadding: readonly [number, number];
  /** Distance of neighboring taps, down and across. */
  readonly dilation: readonly [number, number];
  /** Number of independent parts the channels fall into. */
  readonly groups: number;
};

/**
 * The height or width of a transposed convolution's output, PyTorch's.
 *
 * @param length height or width of the input
 * @param size the filter's
 * @param axis 0 for the height, 1 for the width
 */
export function transposedLength(
  length: number,
  size: number,
  axis: 0 | 1,
  { stride, padding, outputPadding, dilation }: Omit<ConvolveTransposeOptions, "groups">,
): number {
  return (length - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (size - 1) +
    outputPadding[axis] + 1;
}

/**
 * Convolves images with filters the other way round: each number is spread over a window of the
 * output, weighted by the filter. It is the gradient of {@linkcode convolve} by its input.
 *
 * @param x images `[N, H, W, C]`
 * @param kernel filters `[h, w, features / groups, C]`
 * @param options stride, padding, output padding, dilation, groups
 * @param bias one number a feature to be added, `[features]`
 * @returns feature maps `[N, H', W', features]`
 * @throws {TypeError} if images and filters do not go together, or are not of type float32
 * @throws {RangeError} if nothing is left of the output
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { convolveTranspose } from "@neocog/neocog/tensor";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const y = convolveTranspose(tf.tensor4d([3, 5], [1, 1, 2, 1]), tf.ones([1, 2, 1, 1]), {
 *   stride: [1, 2],
 *   padding: [0, 0],
 *   outputPadding: [0, 0],
 *   dilation: [1, 1],
 *   groups: 1,
 * });
 * assertEquals([...await y.data()], [3, 3, 5, 5]);
 * ```
 */
export function convolveTranspose(
  x: Tensor4D,
  kernel: Tensor4D,
  options: ConvolveTransposeOptions,
  bias?: Tensor1D,
): Tensor4D {
  requireOptions("convolve transposed", options, {
    stride: true,
    padding: true,
    outputPadding: true,
    dilation: true,
    groups: true,
  });
  requireOperands(x, kernel, options);
  const y = tf.getBackend() === "webgpu"
    ? transposed(x, kernel, options)
    : transposedByGroups(x, kernel, options);
  return bias ? tf.add(y, bias) : y;
}

function transposed(x: Tensor4D, filter: Tensor4D, options: ConvolveTransposeOptions): Tensor4D {
  const { stride, padding, outputPadding, dilation, groups } = options;
  const [height, width] = ([0, 1] as const).map((axis) =>
    transposedLength(x.shape[axis + 1]!, filter.shape[axis], axis, options)
  );
  // So much less at the bottom and the right that the convolution has as many windows as x pixels.
  const sides = [0, 1].map((axis) => [padding[axis]!, padding[axis]! - outputPadding[axis]!]);
  return tf.engine().runKernel("Conv2DBackpropInput", { dy: x, filter }, {
    strides: [...stride],
    pad: [[0, 0], ...sides, [0, 0]],
    dataFormat: "NHWC",
    dilations: [...dilation],
    dimRoundingMode: "floor",
    inputShape: [x.shape[0], height!, width!, filter.shape[2] * groups],
  } as unknown as tf.NamedAttrMap) as Tensor4D;
}

/** On backends whose kernel knows neither groups nor dilation. */
function transposedByGroups(
  x: Tensor4D,
  kernel: Tensor4D,
  options: ConvolveTransposeOptions,
): Tensor4D {
  const { groups, dilation } = options;
  const one: ConvolveTransposeOptions = { ...options, groups: 1, dilation: [1, 1] };
  const spread = dilateKernel(kernel, dilation);
  if (groups === 1) return transposed(x, spread, one);
  const inputs: Tensor4D[] = tf.split(x, groups, 3);
  const kernels: Tensor4D[] = tf.split(spread, groups, 3);
  return tf.concat(inputs.map((input, group) => transposed(input, kernels[group]!, one)), 3);
}

function requireOperands(x: Tensor4D, kernel: Tensor4D, options: ConvolveTransposeOptions): void {
  const fit = x.rank === 4 && kernel.rank === 4 && x.shape[3] === kernel.shape[3] &&
    x.shape[3] % options.groups === 0;
  if (!fit || x.dtype !== "float32" || kernel.dtype !== "float32") {
    const rule = fit
      ? "both must be of type float32"
      : `images must be [N, H, W, C] and filters [h, w, features / ${options.groups}, C]`;
    throw new TypeError(
      `Cannot convolve images the other way round: ${rule}, got ${x.dtype} [${x.shape}] and ${kernel.dtype} [${kernel.shape}]`,
    );
  }
  for (const axis of [0, 1] as const) {
    const length = transposedLength(x.shape[axis + 1]!, kernel.shape[axis], axis, options);
    if (length >= 1) continue;
    throw new RangeError(
      `Cannot convolve [${x.shape}] the other way round: padding must leave something, got ${length} pixels`,
    );
  }
}

/**
 * The gradient of a convolution by its input is linear in slopes and filter; tfjs's own gradient of
 * it knows neither dilation nor groups.
 */
tf.registerGradient({
  kernelName: "Conv2DBackpropInput",
  inputsToSave: ["dy", "filter"],
  gradFunc: (slopes, saved, given) => {
    const [dy, filter] = saved as [Tensor4D, Tensor4D];
    const x = slopes as Tensor4D;
    // tf.conv2dTranspose names no dilation.
    const attributes = { dilations: [1, 1], dataFormat: "NHWC", ...given };
    return {
      dy: () => tf.engine().runKernel("Conv2D", { x, filter }, attributes) as Tensor,
      filter: () => convolutionGradients(dy, [x, filter], attributes).filter(),
    };
  },
});
