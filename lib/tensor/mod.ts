// Operations with gradients of their own, and random numbers as host arrays.

export { convolve, type ConvolveOptions } from "./convolve.ts";
export { convolveTranspose, type ConvolveTransposeOptions } from "./convolve_transpose.ts";
export { warp, type WarpEdge, type WarpOptions } from "./affine.ts";
export type { AffineMap } from "./affine_map.ts";
export { dropUnits } from "./drop_units.ts";
export { type PixelAlignment, resample, type ResampleMethod, type Resampling } from "./resample.ts";
export { normalArray, permutation, uniformArray } from "./random.ts";
export { normalTensor, uniformTensor } from "./random_tensors.ts";
export { treeHash } from "./tree_hash.ts";
export type { BatchPart } from "./batch_part.ts";
export type { StatisticsChannel, ValueCounts } from "./batch_norm.ts";
export type { Channel } from "./exchange.ts";
