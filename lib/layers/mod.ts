// Layers, ways to join them, and initializers.

export {
  type AnyLayer,
  type Arrangement,
  type Child,
  type Context,
  countParameters,
  type Declaration,
  type Empty,
  type Fusion,
  init,
  type Initialized,
  type Intercept,
  type Layer,
  type NamedLayers,
  type Network,
  type ParamsOf,
  type Site,
  type Slot,
  type Slots,
  type StateOf,
} from "./layer.ts";
export { enter } from "./enter.ts";
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  lecunNormal,
  lecunUniform,
  ones,
  scaledNormal,
  zeros,
} from "./initializers.ts";
export type { Padding, Pair, Rounding } from "./window.ts";
export { conv, type ConvOptions, type ConvParams } from "./conv.ts";
export type { TableConvParams } from "./table_conv.ts";
export type { RadialBasisState } from "./radial_basis.ts";
export type { SubsampleParams } from "./subsample.ts";
export { dense, type DenseOptions, type DenseParams } from "./dense.ts";
export {
  globalMeanPool,
  maxPool,
  meanPool,
  type MeanPoolOptions,
  normPool,
  type NormPoolOptions,
  type PoolOptions,
} from "./pool.ts";
export { identity, leakyRelu, relu, sigmoid, softmax, tanh } from "./activation.ts";
export { flatten, padTo } from "./reshape.ts";
export { zeroPadShortcut, type ZeroPadShortcutOptions } from "./shortcut.ts";
export { dropout } from "./dropout.ts";
export {
  batchNorm,
  type BatchNormOptions,
  type BatchNormParams,
  type BatchNormState,
} from "./norm.ts";
export { localResponseNorm, type LocalResponseNormOptions } from "./local_response_norm.ts";
export type { Cost, PlacedWindow } from "./cost.ts";
export { adaptiveMeanPool } from "./adaptive_pool.ts";
export { auxiliary, type AuxiliaryLayer, type AuxiliaryOptions } from "./auxiliary.ts";
export { sequential } from "./sequential.ts";
export { type Join, parallel, residual } from "./parallel.ts";
export { type LayerInfo, layersOf } from "./layers_of.ts";
