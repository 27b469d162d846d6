// Layers, ways to join them, and initializers.

export {
  type AnyLayer,
  type AnyModel,
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
export * from "./enter.ts";
export * from "./initializers.ts";
export type { Padding, Pair, Rounding } from "./window.ts";
export * from "./conv.ts";
export type { TableConvParams } from "./table_conv.ts";
export type { RadialBasisState } from "./radial_basis.ts";
export type { SubsampleParams } from "./subsample.ts";
export * from "./dense.ts";
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
export * from "./reshape.ts";
export * from "./shortcut.ts";
export * from "./dropout.ts";
export * from "./norm.ts";
export * from "./local_response_norm.ts";
export type { Cost, PlacedWindow } from "./cost.ts";
export * from "./adaptive_pool.ts";
export { auxiliary, type AuxiliaryLayer, type AuxiliaryOptions } from "./auxiliary.ts";
export { sequential } from "./sequential.ts";
export { type Join, parallel, residual } from "./parallel.ts";
export * from "./graph.ts";
export { type LayerInfo, layersOf } from "./layers_of.ts";
