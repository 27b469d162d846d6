// What the three convolution kernels share: the geometry of one convolution, as numbers for WGSL.
import { explicitPadding } from "../../tensor/convolve.ts";
import { tf } from "../../tensor/tf.ts";

/** The attributes tfjs hands to its convolution kernels. */
export type ConvolutionAttributes = {
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat?: "NHWC" | "NCHW";
  /** tfjs leaves these out of its gradients' attributes; ours carry them. */
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
};

/** The geometry of a convolution: tfjs's own, so that all of it agrees with tfjs. */
export type Geometry = tf.backend_util.Conv2DInfo;

/**
 * Works out the geometry of a convolution.
 *
 * @param inputShape `[N, H, W, C]`
 * @param filterShape `[h, w, C, features]`
 * @throws {TypeError} if the data is not channels-last
 */
export function geometry(
  operation: string,
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: ConvolutionAttributes,
): Geometry {
  const { strides, pad, dataFormat = "NHWC", dilations = 1, dimRoundingMode } = attributes;
  if (dataFormat !== "NHWC") {
    throw new TypeError(
      `Cannot run ${operation}: the data must be channels-last (NHWC), got ${dataFormat}`,
    );
  }
  return tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations,
    typeof pad === "number" ? explicitPadding(pad) : pad,
    dimRoundingMode ?? "floor",
  );
}

/** The numbers of a geometry by which the kernels find their way. */
export function geometryUniforms(g: Geometry): Record<string, number> {
  return {
    inHeight: g.inHeight,
    inWidth: g.inWidth,
    inChannels: g.inChannels,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    outChannels: g.outChannels,
    filterHeight: g.filterHeight,
    filterWidth: g.filterWidth,
    strideY: g.strideHeight,
    strideX: g.strideWidth,
    dilationY: g.dilationHeight,
    dilationX: g.dilationWidth,
    padTop: g.padInfo.top,
    padLeft: g.padInfo.left,
  };
}

/** Whether any patch of the input reaches over its edge. */
export function isPadded(g: Geometry): boolean {
  const { top, left, bottom, right } = g.padInfo;
  return top > 0 || left > 0 || bottom > 0 || right > 0 ||
    (g.outHeight - 1) * g.strideHeight + g.effectiveFilterHeight > g.inHeight ||
    (g.outWidth - 1) * g.strideWidth + g.effectiveFilterWidth > g.inWidth;
}
