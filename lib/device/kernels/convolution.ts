// What the three convolution kernels share: the geometry of one convolution, as numbers for WGSL.
import { explicitPadding } from "../../tensor/convolve.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

/** The attributes tfjs hands to its convolution kernels. */
export type ConvolutionAttributes = {
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat?: "NHWC" | "NCHW";
  /** tfjs leaves these out of its gradients' attributes; ours carry them. */
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
};

/** The geometry of a convolution: tfjs's own, so that all of it agrees with tfjs, and its groups. */
export type Geometry = tf.backend_util.Conv2DInfo & {
  /** Into how many independent parts channels and features fall: filters have the channels of one. */
  readonly groups: number;
};

/**
 * Works out the geometry of a convolution.
 *
 * @param inputShape `[N, H, W, C]`
 * @param filterShape `[h, w, C / groups, features]`
 * @param attributes strides, padding, dilations
 */
export function geometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations = 1, dimRoundingMode }: ConvolutionAttributes,
): Geometry {
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations,
    typeof pad === "number" ? explicitPadding(pad) : pad,
    dimRoundingMode ?? "floor",
  );
  const groups = info.inChannels / filterShape[2]!;
  if (!Number.isInteger(groups) || info.outChannels % groups !== 0) {
    throw new TypeError(
      `Cannot convolve: filters must have the channels of a group, and each group as many features, got images [${inputShape}] and filters [${filterShape}]`,
    );
  }
  return { ...info, groups };
}

/**
 * Runs a kernel on slopes of the size that its geometry gives. `conv2dTranspose` may
 * be told a smaller size: what lies beyond it is cut off, as on tfjs's CPU backend.
 *
 * @param backend where to run
 * @param operation the kernel's name, for errors
 * @param g the geometry
 * @param dy the slopes, `[N, H', W', features]`
 * @param run given the slopes, cut to size
 * @throws {TypeError} if the slopes are of another batch, have other features or are too few
 */
export function onSlopes(
  backend: GuardedBackend,
  operation: string,
  { batchSize, outHeight, outWidth, outChannels, outShape }: Geometry,
  dy: tf.TensorInfo,
  run: (dy: tf.TensorInfo) => tf.TensorInfo,
): tf.TensorInfo {
  if (tf.util.arraysEqual(dy.shape, outShape)) return run(dy);
  const [batch, height, width, features] = dy.shape as [number, number, number, number];
  const fits = batch === batchSize && features === outChannels && height >= outHeight &&
    width >= outWidth;
  if (!fits) {
    throw new TypeError(
      `Cannot run ${operation}: the slopes must be of shape [${outShape}], got [${dy.shape}]`,
    );
  }
  const slice = tf.getKernel("Slice", "webgpu")!.kernelFunc;
  const attrs = { begin: [0, 0, 0, 0], size: outShape };
  const cut = slice({ inputs: { x: dy }, attrs, backend }) as tf.TensorInfo;
  const result = run(cut);
  backend.disposeData(cut.dataId);
  return result;
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
    groupChannels: g.inChannels / g.groups,
    groupFeatures: g.outChannels / g.groups,
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

/**
 * WGSL that says where results lie that have the features of a group, a batch, as columns, for
 * {@linkcode Product.placement}.
 *
 * @param all the uniform of all features
 * @param own that of a group's
 */
const byGroups = (all: string, own: string): string => `
fn destination(batch: u32, m: u32) -> u32 {
  return m * uniforms.${all} + batch * uniforms.${own};
}
fn feature(batch: u32, n: u32) -> u32 { return batch * uniforms.${own} + n; }
fn exists(batch: u32, m: u32) -> bool { return true; }
fn depthOf(batch: u32) -> u32 { return uniforms.depth; }
`;

/** Of results whose columns are features, and channels. */
export const BY_GROUPS = byGroups("outChannels", "groupFeatures");
export const CHANNELS_BY_GROUPS = byGroups("inChannels", "groupChannels");

/**
 * Cuts an axis of the padded input into cells of the stride's length.
 *
 * @param padding what lies before the input
 * @returns the first cell that the input reaches into, and how many it does
 */
export function cellsAlong(
  padding: number,
  length: number,
  stride: number,
): [first: number, count: number] {
  const first = Math.floor(padding / stride);
  return [first, Math.floor((padding + length - 1) / stride) - first + 1];
}

/** Whether any patch of the input reaches over its edge. */
export function isPadded(g: Geometry): boolean {
  const { top, left, bottom, right } = g.padInfo;
  return top > 0 || left > 0 || bottom > 0 || right > 0 ||
    (g.outHeight - 1) * g.strideHeight + g.effectiveFilterHeight > g.inHeight ||
    (g.outWidth - 1) * g.strideWidth + g.effectiveFilterWidth > g.inWidth;
}
