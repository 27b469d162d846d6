// The one list of neocog's kernels, put in the place of tfjs's own.
import { WARP, WARP_GRADIENT } from "../tensor/affine.ts";
import { ACTIVATION_GRADIENT } from "../tensor/activation_gradient.ts";
import "../tensor/batch_norm_host.ts";
import "../tensor/functions_host.ts";
import "../tensor/pixel_padding.ts";
import "../tensor/transform_host.ts";
import {
  BATCH_NORM,
  BATCH_NORM_GRADIENT,
  NORMALIZE,
  NORMALIZE_SUMS,
} from "../tensor/batch_norm.ts";
import "../tensor/convolve_transpose.ts";
import { CURVE, CURVE_GRADIENT } from "../tensor/curves.ts";
import { BLEND } from "../tensor/blend.ts";
import { DROP_UNITS } from "../tensor/drop_units.ts";
import { denseBincount } from "../tensor/dense_bincount.ts";
import { einsumKernel } from "../tensor/einsum.ts";
import { MAX_WINDOWS, MAX_WINDOWS_GRADIENT } from "../tensor/max_windows.ts";
import { KEEP, NARROW, NEXT_SCALE, OVERFLOW, UNSCALE } from "../tensor/mixed_precision.ts";
import { SPREAD } from "../tensor/spread.ts";
import {
  LOCAL_RESPONSE_NORM,
  LOCAL_RESPONSE_NORM_GRADIENT,
} from "../tensor/local_response_norm.ts";
import { MATCHING_ROWS } from "../tensor/matching_rows.ts";
import { ERASE } from "../tensor/erase.ts";
import { EXCHANGE } from "../tensor/exchange.ts";
import { NORMAL, UNIFORM } from "../tensor/random_tensors.ts";
import { RECOLOR, RECOLOR_GRAYS } from "../tensor/recolor.ts";
import {
  SOFTMAX_CROSS_ENTROPY,
  SOFTMAX_CROSS_ENTROPY_GRADIENT,
} from "../tensor/softmax_cross_entropy.ts";
import { STANDARDIZE, STANDARDIZE_GRADIENT } from "../tensor/standardize.ts";
import { tf } from "../tensor/tf.ts";
import { topK } from "../tensor/top_k.ts";
import { ofNone } from "../tensor/along_axes.ts";
import { UPDATE_TREES } from "../tensor/update_trees.ts";
import { SUM_WINDOWS, SUM_WINDOWS_GRADIENT } from "../tensor/window_sums.ts";
import { warpImages, warpImagesGradient } from "./kernels/affine.ts";
import { activationGradient } from "./kernels/activation_gradient.ts";
import { binaryKernels } from "./kernels/binary.ts";
import { batchNorm } from "./kernels/batch_norm.ts";
import { batchNormGradient, normalizeSums } from "./kernels/batch_norm_gradient.ts";
import { argExtreme } from "./kernels/arg_extremes.ts";
import { blendImages, eraseBoxes } from "./kernels/boxes.ts";
import { cast } from "./kernels/cast.ts";
import { conv2d, fusedConv2d } from "./kernels/conv2d.ts";
import { conv2dFilterGradient } from "./kernels/conv2d_filter_gradient.ts";
import { conv2dInputGradient } from "./kernels/conv2d_input_gradient.ts";
import { curves } from "./kernels/curves.ts";
import { cumulative } from "./kernels/cumulative.ts";
import { dropUnits } from "./kernels/drop_units.ts";
import { exchange } from "./kernels/exchange.ts";
import { filled, filledLike } from "./kernels/fill.ts";
import { gather, gatherNd } from "./kernels/gather.ts";
import { localResponseNorm, localResponseNormGradient } from "./kernels/local_response_norm.ts";
import { fusedMatMul, matMul } from "./kernels/mat_mul.ts";
import { matchingRows } from "./kernels/matching_rows.ts";
import { maxPoolGradient } from "./kernels/max_pool_gradient.ts";
import { pad } from "./kernels/pad.ts";
import { bincount, scatterNd, softmax, tensorScatterUpdate, unique } from "./kernels/no_numbers.ts";
import { prod } from "./kernels/prod.ts";
import { maxPool, maxWindows } from "./kernels/max_windows.ts";
import { maxWindowsGradient } from "./kernels/max_windows_gradient.ts";
import { concat } from "./kernels/concat.ts";
import { padZeros, slice, split, transpose } from "./kernels/moves.ts";
import { keep, narrow, nextScale, overflow, unscale } from "./kernels/mixed_precision.ts";
import { normal } from "./kernels/normal.ts";
import { normalize } from "./kernels/normalize.ts";
import { recolor, recolorGrays } from "./kernels/recolor.ts";
import { sparseSegments, unsortedSegments } from "./kernels/segments.ts";
import { spread } from "./kernels/spread.ts";
import { standardize, standardizeGradient } from "./kernels/standardize.ts";
import { mean, sum } from "./kernels/sum.ts";
import { avgPool, sumWindows, sumWindowsGradient } from "./kernels/sum_windows.ts";
import {
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
} from "./kernels/softmax_cross_entropy.ts";
import { updateTrees } from "./kernels/update_trees.ts";
import { unaryKernels } from "./kernels/unary.ts";
import { reverse, select, tile } from "./kernels/any_rank.ts";
import { transform } from "./kernels/transform.ts";
import { uniform } from "./kernels/uniform.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** Makes a kernel for an adapter, given tfjs's own. */
type MakeKernel = (software: boolean, stock: KernelFunction) => KernelFunction;

const KERNELS: Readonly<Record<string, MakeKernel>> = {
  Conv2D: conv2d,
  Conv2DBackpropInput: conv2dInputGradient,
  Conv2DBackpropFilter: conv2dFilterGradient,
  FusedConv2D: fusedConv2d,
  BatchMatMul: matMul,
  _FusedMatMul: fusedMatMul,
  AvgPool: avgPool,
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGradient,
  [MAX_WINDOWS]: maxWindows,
  [MAX_WINDOWS_GRADIENT]: maxWindowsGradient,
  [SUM_WINDOWS]: sumWindows,
  [SUM_WINDOWS_GRADIENT]: sumWindowsGradient,
  Sum: sum,
  Mean: mean,
  [SPREAD]: spread,
  [WARP]: warpImages,
  [WARP_GRADIENT]: warpImagesGradient,
  [RECOLOR]: recolor,
  [RECOLOR_GRAYS]: recolorGrays,
  [BLEND]: blendImages,
  [ERASE]: eraseBoxes,
  [BATCH_NORM]: batchNorm,
  [BATCH_NORM_GRADIENT]: batchNormGradient,
  [NORMALIZE]: normalize,
  [NORMALIZE_SUMS]: normalizeSums,
  [DROP_UNITS]: dropUnits,
  [EXCHANGE]: exchange,
  [UNIFORM]: uniform,
  [UPDATE_TREES]: updateTrees,
  [ACTIVATION_GRADIENT]: activationGradient,
  [NORMAL]: normal,
  [OVERFLOW]: overflow,
  [NARROW]: narrow,
  [UNSCALE]: unscale,
  [KEEP]: keep,
  [NEXT_SCALE]: nextScale,
  [STANDARDIZE]: standardize,
  [STANDARDIZE_GRADIENT]: standardizeGradient,
  [CURVE]: curves,
  [CURVE_GRADIENT]: curves,
  [SOFTMAX_CROSS_ENTROPY]: softmaxCrossEntropy,
  [SOFTMAX_CROSS_ENTROPY_GRADIENT]: softmaxCrossEntropyGradient,
  [MATCHING_ROWS]: matchingRows,
  [LOCAL_RESPONSE_NORM]: localResponseNorm,
  [LOCAL_RESPONSE_NORM_GRADIENT]: localResponseNormGradient,
  ...unaryKernels,
  ...binaryKernels,
  ArgMax: argExtreme,
  ArgMin: argExtreme,
  All: (_software, stock) => stock,
  Any: (_software, stock) => stock,
  Max: (_software, stock) => stock,
  Min: (_software, stock) => stock,
  Bincount: bincount,
  DenseBincount: (_software, stock) => denseBincount(stock),
  Cast: cast,
  Cumprod: cumulative("*"),
  Einsum: () => einsumKernel,
  Cumsum: cumulative("+"),
  GatherNd: gatherNd,
  GatherV2: gather,
  PadV2: (software, stock) => pad(software, padZeros(software, stock)),
  Slice: slice,
  SplitV: split,
  Transform: transform,
  Transpose: transpose,
  Concat: concat,
  Prod: prod,
  SparseSegmentMean: sparseSegments,
  SparseSegmentSum: sparseSegments,
  Tile: tile,
  Reverse: reverse,
  Select: select,
  ScatterNd: scatterNd,
  TensorScatterUpdate: tensorScatterUpdate,
  Softmax: softmax,
  TopK: (_software, stock) => topK(stock),
  Unique: unique,
  UnsortedSegmentSum: unsortedSegments,
  Fill: filled,
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
};

/** tfjs's own kernels, kept before ours replace them. */
const stockKernels = new Map<string, KernelFunction>();

/**
 * Registers neocog's kernels for tfjs's backend `webgpu`, in the form that suits
 * the adapter. May be called again for another adapter.
 *
 * @param software whether the adapter computes on the CPU
 */
export function registerKernels(software: boolean): void {
  const backendName = "webgpu";
  for (const [kernelName, make] of Object.entries(KERNELS)) {
    const registered = tf.getKernel(kernelName, backendName);
    if (registered) {
      if (!stockKernels.has(kernelName)) stockKernels.set(kernelName, registered.kernelFunc);
      tf.unregisterKernel(kernelName, backendName);
    }
    const kernelFunc = ofNone(kernelName, make(software, stockKernels.get(kernelName)!));
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}
