// Gradients of products, of what slides over images and volumes, and of normalization.
import { convolutionGradients } from "../convolve.ts";
import type { Tensor } from "../tensor.ts";
import { tf } from "../tf.ts";
import { summedTo } from "./rules.ts";

const run = (kernelName: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): Tensor =>
  tf.engine().runKernel(kernelName, inputs, attributes);

/** With a broadcast batch, the gradient of the one that is repeated is a sum. */
const PRODUCT: tf.GradConfig = {
  kernelName: "BatchMatMul",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, attributes) => {
    const [a, b] = saved as [Tensor, Tensor];
    const { transposeA, transposeB } = attributes as unknown as {
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    };
    const slopes = dy as Tensor;
    const byA = (): Tensor =>
      transposeA
        ? tf.matMul(b, slopes, transposeB, true)
        : tf.matMul(slopes, b, false, !transposeB);
    const byB = (): Tensor =>
      transposeB
        ? tf.matMul(slopes, a, true, transposeA)
        : tf.matMul(a, slopes, !transposeA, false);
    return { a: () => summedTo(a.shape, byA()), b: () => summedTo(b.shape, byB()) };
  },
};

/** tfjs's own kernels take no notice of dilation on the way back, and would return wrong numbers. */
function requireUndilated(what: string, dilations: unknown): void {
  if ([dilations ?? 1].flat().every((dilation) => dilation === 1)) return;
  throw new RangeError(
    `Cannot take the gradient of ${what} on backend "${tf.getBackend()}": its dilation must be 1 there, got ${dilations}`,
  );
}

/** Unlike tfjs's own it knows dilation, which our kernels read from their attributes. */
const CONVOLUTION: tf.GradConfig = {
  kernelName: "Conv2D",
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, saved, attributes) => {
    if (tf.getBackend() !== "webgpu") requireUndilated("a convolution", attributes.dilations);
    return convolutionGradients(dy as Tensor, saved, attributes);
  },
};

/** A convolution's gradients by kernels of tfjs's, which are told the shapes of what they make. */
function ofConvolution(
  kernelName: string,
  what: string,
  byInput: string,
  byFilter: string,
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["x", "filter"],
    gradFunc: (slopes, saved, attributes) => {
      requireUndilated(what, attributes.dilations);
      const [dy, x, filter] = [slopes as Tensor, saved[0]!, saved[1]!];
      return {
        x: () => run(byInput, { dy, filter }, { ...attributes, inputShape: x.shape }),
        filter: () => run(byFilter, { x, dy }, { ...attributes, filterShape: filter.shape }),
      };
    },
  };
}

const DILATION: tf.GradConfig = {
  kernelName: "Dilation2D",
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, saved, attributes) => {
    const inputs = { x: saved[0]!, filter: saved[1]!, dy: dy as Tensor };
    return {
      x: () => run("Dilation2DBackpropInput", inputs, attributes),
      filter: () => run("Dilation2DBackpropFilter", inputs, attributes),
    };
  },
};

/** A gradient by a kernel that is given the input and the result. */
function ofBoth(
  kernelName: string,
  gradientName: string,
  names: readonly [input: string, output: string],
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => {
      const inputs = { [names[0]]: saved[0]!, [names[1]]: saved[1]!, dy: dy as Tensor };
      return { x: () => run(gradientName, inputs, attributes) };
    },
  };
}

/** Of (x − mean) · scale / √(variance + ε) + offset, each given: no batch's own statistics. */
const NORMALIZATION: tf.GradConfig = {
  kernelName: "FusedBatchNorm",
  inputsToSave: ["x", "mean", "variance", "scale"],
  gradFunc: (slopes, saved, attributes) => {
    const [x, mean, variance, scale = tf.scalar(1)] = saved as Tensor[];
    const dy = slopes as Tensor;
    const { varianceEpsilon } = attributes as { readonly varianceEpsilon: number };
    const factor = (): Tensor => tf.rsqrt(tf.add(variance!, varianceEpsilon));
    const scaled = (): Tensor => tf.mul(dy, tf.mul(scale, factor()));
    const shifted = (): Tensor => tf.sub(x!, mean!);
    return {
      x: scaled,
      mean: () => tf.neg(summedTo(mean!.shape, scaled())),
      variance: () => {
        const half = tf.div(factor(), tf.mul(tf.add(variance!, varianceEpsilon), -2));
        return summedTo(variance!.shape, tf.mul(tf.mul(dy, shifted()), tf.mul(scale, half)));
      },
      scale: () => summedTo(mean!.shape, tf.mul(tf.mul(dy, shifted()), factor())),
      offset: () => summedTo(mean!.shape, dy),
    };
  },
};

/** Gradients of products, windows and normalization. */
export const WINDOW_GRADIENTS: readonly tf.GradConfig[] = [
  PRODUCT,
  CONVOLUTION,
  ofConvolution(
    "DepthwiseConv2dNative",
    "a depthwise convolution",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
  ),
  ofConvolution(
    "Conv3D",
    "a convolution of volumes",
    "Conv3DBackpropInputV2",
    "Conv3DBackpropFilterV2",
  ),
  DILATION,
  ofBoth("LRN", "LRNGrad", ["x", "y"]),
  // tfjs's own forgets how the number of windows was rounded.
  ofBoth("MaxPool", "MaxPoolGrad", ["input", "output"]),
  ofBoth("MaxPool3D", "MaxPool3DGrad", ["input", "output"]),
  NORMALIZATION,
];
