// Tensors, trees of them, keys, gradients.

export { tf } from "./tf.ts";
export {
  type Scalar,
  type Shape,
  sizeOf,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from "./tensor.ts";
export {
  disposeTree,
  entries,
  leaves,
  mapTree,
  merge,
  type PartialTree,
  partition,
  type Path,
  type Tree,
} from "./tree.ts";
export { fold, type Key, key, normalArray, permutation, split, uniformArray } from "./random.ts";
export { type ValueAndGrad, valueAndGrad } from "./grad.ts";
export type { Activation } from "./activation.ts";
export { convolve, type ConvolveOptions } from "./convolve.ts";
export { warp, type WarpEdge, type WarpOptions } from "./affine.ts";
export type { AffineMap } from "./affine_map.ts";
export { dropUnits } from "./drop_units.ts";
export type { RateRule } from "./update_trees.ts";
