// Convolution with groups and dilation, on any backend, with gradients.
import type { Tensor, Tensor1D, Tensor4D } from "./tensor.ts";
import { activate, type Activation, slopeBefore } from "./activation.ts";
import { tf } from "./tf.ts";
import { requireOptions } from "../text/require.ts";

/** How a convolution walks over its input. */
export type ConvolveOptions = {
  /** Step of the filter, down and across. */
  readonly stride: readonly [number, number];
  /** `"same"`, `"valid"`, or pixels of zeros on every side. */
  readonly padding: "same" | "valid" | number;
  /** Distance of neighboring taps of the filter, down and across. */
  readonly dilation: readonly [number, number];
  /** Number of independent parts the channels fall into. */
  readonly groups: number;
};

/**
 * Convolves (in truth, correlates) images with filters.
 *
 * @param x images `[N, H, W, C]`
 * @param kernel filters `[h, w, C / groups, features]`
 * @param options stride, padding, dilation, groups
 * @param bias one number a feature to be added, `[features]`
 * @param activation a function of each element of the result, in the same pass where that is possible
 * @returns feature maps `[N, H', W', features]`
 * @throws {TypeError} if images, filters and bias do not go together, or are not of type float32
 * @throws {RangeError} if a filter is larger than the padded images
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { convolve } from "@neocog/neocog/tensor";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const y = convolve(tf.ones([1, 5, 5, 1]), tf.ones([3, 3, 1, 1]), {
 *   stride: [1, 1],
 *   padding: "valid",
 *   dilation: [2, 2],
 *   groups: 1,
 * });
 * assertEquals(await y.array(), [[[[9]]]]);
 * ```
 */
export function convolve(
  x: Tensor4D,
  kernel: Tensor4D,
  options: ConvolveOptions,
  bias?: Tensor1D,
  activation?: Activation,
): Tensor4D {
  requireOptions("convolve", options, {
    stride: true,
    padding: true,
    dilation: true,
    groups: true,
  });
  requireOperands(x, kernel, options.groups);
  requireBias(kernel, bias);
  requireWindow(x, kernel, options);
  if (tf.getBackend() === "webgpu") return convolveAtOnce(x, kernel, options, bias, activation);
  const y = convolveGroups(x, kernel, options);
  return activate(bias ? tf.add(y, bias) : y, activation) as Tensor4D;
}

/**
 * Convolution, bias and activation in one pass, by neocog's own kernels, which take dilation and
 * groups. Not tf.conv2d, which refuses these, nor tf.fused.conv2d: on the way back it computes the
 * gradient by the input also where nobody asks for it, as of images.
 */
function convolveAtOnce(
  x: Tensor4D,
  filter: Tensor4D,
  { stride, padding, dilation }: ConvolveOptions,
  bias: Tensor1D | undefined,
  activation: Activation | undefined,
): Tensor4D {
  const attributes = {
    strides: [...stride],
    pad: explicitPadding(padding),
    dataFormat: "NHWC",
    dilations: [...dilation],
    dimRoundingMode: "floor",
  };
  const run = (kernel: string, inputs: tf.NamedTensorMap, more: tf.NamedAttrMap): Tensor4D =>
    tf.engine().runKernel(kernel, inputs, { ...attributes, ...more }) as Tensor4D;
  if (bias) return run("FusedConv2D", { x, filter, bias }, { activation: activation ?? "linear" });
  return activate(run("Conv2D", { x, filter }, {}), activation) as Tensor4D;
}

tf.registerGradient({
  kernelName: "FusedConv2D",
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const slope = slopeBefore(dy as Tensor, saved[2]!, attributes.activation);
    return {
      ...convolutionGradients(slope, saved, attributes),
      bias: () => tf.sum(slope, [0, 1, 2]),
    };
  },
});

/**
 * The gradients of a convolution by its input and its filter, each computed only
 * when it is asked for.
 *
 * @param dy the slopes, of the output's shape
 */
export function convolutionGradients(
  dy: Tensor,
  saved: readonly Tensor[],
  attributes: tf.NamedAttrMap,
): { x: () => Tensor; filter: () => Tensor } {
  const [x, filter] = saved as [Tensor4D, Tensor4D];
  const run = (kernel: string, inputs: tf.NamedTensorMap, shape: tf.NamedAttrMap): Tensor =>
    tf.engine().runKernel(kernel, inputs, { ...attributes, ...shape });
  return {
    x: () => run("Conv2DBackpropInput", { dy, filter }, { inputShape: x.shape }),
    filter: () => run("Conv2DBackpropFilter", { x, dy }, { filterShape: filter.shape }),
  };
}

/** On backends without kernels of ours. */
function convolveGroups(x: Tensor4D, kernel: Tensor4D, options: ConvolveOptions): Tensor4D {
  const { groups, dilation } = options;
  if (groups === 1) return convolveGroup(x, kernel, options);
  const [height, width, channels, features] = kernel.shape;
  if (channels === 1 && dilation.every((distance) => distance === 1)) {
    const filters = tf.reshape(kernel, [height, width, groups, features / groups]) as Tensor4D;
    const { strides, pad, rounding } = tfOptions(options);
    return tf.depthwiseConv2d(x, filters, strides, pad, "NHWC", 1, rounding);
  }
  const inputs: Tensor4D[] = tf.split(x, groups, 3);
  const kernels: Tensor4D[] = tf.split(kernel, groups, 3);
  return tf.concat(
    inputs.map((input, group) => convolveGroup(input, kernels[group]!, options)),
    3,
  );
}

/** The dilated convolution goes past tf.conv2d's own checks, and would read beside the filter. */
function requireOperands(x: Tensor4D, kernel: Tensor4D, groups: number): void {
  const fit = x.rank === 4 && kernel.rank === 4 && x.shape[3] === kernel.shape[2] * groups &&
    kernel.shape[3] % groups === 0;
  if (fit && x.dtype === "float32" && kernel.dtype === "float32") return;
  const rule = fit
    ? "both must be of type float32"
    : `images must be [N, H, W, C] and filters [h, w, C / ${groups}, a multiple of ${groups}]`;
  throw new TypeError(
    `Cannot convolve images with filters: ${rule}, got ${x.dtype} [${x.shape}] and ${kernel.dtype} [${kernel.shape}]`,
  );
}

function requireBias(kernel: Tensor4D, bias: Tensor1D | undefined): void {
  if (!bias) return;
  const features = kernel.shape[3];
  if (bias.rank === 1 && bias.shape[0] === features && bias.dtype === "float32") return;
  throw new TypeError(
    `Cannot convolve: the bias must be float32 [${features}], got ${bias.dtype} [${bias.shape}]`,
  );
}

function requireWindow(x: Tensor4D, kernel: Tensor4D, options: ConvolveOptions): void {
  const { padding, dilation } = options;
  if (padding === "same") return;
  for (const axis of [0, 1] as const) {
    const reach = (kernel.shape[axis] - 1) * dilation[axis] + 1;
    const length = x.shape[axis + 1]! + 2 * (padding === "valid" ? 0 : padding);
    if (reach > length) {
      throw new RangeError(
        `Cannot convolve [${x.shape}]: filters must fit into the padded images, got ${reach} over ${length}`,
      );
    }
  }
}

function convolveGroup(x: Tensor4D, kernel: Tensor4D, options: ConvolveOptions): Tensor4D {
  const { strides, pad, rounding } = tfOptions(options);
  const spread = dilateKernel(kernel, options.dilation);
  return tf.conv2d(x, spread, strides, pad, "NHWC", 1, rounding);
}

function tfOptions({ stride, padding }: ConvolveOptions): {
  readonly strides: [number, number];
  readonly pad: TfPadding;
  readonly rounding: "floor" | undefined;
} {
  return {
    strides: [...stride],
    pad: explicitPadding(padding),
    rounding: typeof padding === "number" ? "floor" : undefined,
  };
}

/** Padding as tfjs's window operations take it. */
export type TfPadding = "same" | "valid" | tf.backend_util.ExplicitPadding;

/**
 * Spells out a padding of so many pixels. tfjs takes windows and strides for
 * square where it is given one number, and returns an output of the wrong size
 * where they are not.
 *
 * @param padding `"same"`, `"valid"` or pixels on every side
 */
export function explicitPadding(padding: "same" | "valid" | number): TfPadding {
  return typeof padding === "number"
    ? [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    : padding;
}

/** The kernel with zeros between its taps: a dilated convolution as an ordinary one. */
export function dilateKernel(kernel: Tensor4D, dilation: readonly [number, number]): Tensor4D {
  const [height, width, channels, features] = kernel.shape;
  const [down, across] = dilation;
  if (down === 1 && across === 1) return kernel;
  const spread = tf.pad(
    tf.reshape(kernel, [height, 1, width, channels * features]),
    [[0, 0], [0, down - 1], [0, 0], [0, 0]],
  );
  const spreadBoth = tf.pad(
    tf.reshape(spread, [height * down, width, 1, channels * features]),
    [[0, 0], [0, 0], [0, across - 1], [0, 0]],
  );
  const whole = tf.reshape(spreadBoth, [height * down, width * across, channels, features]);
  // The zeros after the last tap are cut off: they would reach over the edge.
  const size: [number, number, number, number] = [
    (height - 1) * down + 1,
    (width - 1) * across + 1,
    channels,
    features,
  ];
  return tf.slice(whole as Tensor4D, [0, 0, 0, 0], size);
}
