// Transfer learning (§12.8).

export { freeze } from "./paths.ts";
export {
  type TransferredNetwork,
  transferWeights,
  type TransferWeightsOptions,
} from "./weights.ts";
export { type FrozenSplit, splitFrozen } from "./split.ts";
export { cachedFeatures, type CachedFeaturesOptions } from "./features.ts";
export { type FineTune, layerRates, type PhaseOptions, type TransferPhaseName } from "./phases.ts";
export type { PhasePlan, TransferOptions, TransferPoint, TransferReport } from "./options.ts";
export * from "./transfer.ts";
export * from "./restore.ts";
