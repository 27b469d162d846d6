// Looking inside a network (§12.9): activations, attributions, features, patches.

// Layers and filters
export { activationGrid, type ActivationGridOptions } from "./activation_grid.ts";
export { activations } from "./activations.ts";
export { filterGrid, type FilterGridOptions } from "./filter_grid.ts";
export type { Normalize } from "./value_range.ts";

// Objectives and gradients
export {
  channel,
  classLogit,
  direction,
  layerEnergy,
  neuron,
  type Objective,
  weighted,
} from "./objective.ts";
export type { BackwardRule } from "./backward_rule.ts";
export { type InputGradient, inputGradient, type InputGradientOptions } from "./input_gradient.ts";

// Attribution
export { type Attribution, attributionMap, type Target } from "./attribution/attribution.ts";
export { inputTimesGradient, type Saliency, saliency } from "./attribution/saliency.ts";
export { smoothGrad, type SmoothGradOptions } from "./attribution/smooth_grad.ts";
export type { Baseline } from "./attribution/baseline.ts";
export type { QuadratureRule } from "./attribution/quadrature.ts";
export {
  type IntegratedGradients,
  integratedGradients,
  type IntegratedGradientsOptions,
} from "./attribution/integrated_gradients.ts";
export {
  type GradCam,
  gradCam,
  type GradCamOptions,
  guidedGradCam,
} from "./attribution/grad_cam.ts";
export { occlusion, type OcclusionOptions } from "./attribution/occlusion.ts";

// Feature spaces
export {
  type Features,
  features,
  type FeaturesOptions,
  pixelFeatures,
} from "./embedding/features.ts";
export { labelAgreement, nearestNeighbors, type Neighbor } from "./embedding/neighbors.ts";
export {
  type FeatureSpace,
  type NeighborsFigure,
  neighborsFigure,
  type NeighborsFigureOptions,
} from "./embedding/neighbors_figure.ts";
export {
  type PrincipalComponents,
  principalComponents,
  type PrincipalComponentsOptions,
} from "./embedding/principal_components.ts";
export { umap, type UmapOptions } from "./embedding/umap.ts";
export { type ScatterOptions, scatterSvg } from "./embedding/scatter.ts";

// Patches
export { type PixelBox, receptiveBoxes } from "./patches/receptive_boxes.ts";
export type { Peak } from "./patches/peaks.ts";
export {
  type Patch,
  topPatches,
  type TopPatchesOptions,
  type UnitChoice,
  type UnitPatches,
} from "./patches/top_patches.ts";
export { patchesFigure, type PatchesFigureOptions } from "./patches/patches_figure.ts";

// Pixels, inputs and pictures; options of long work
export { type ImageNetwork, type PixelScaling, toInputs, toPixels } from "./input_pixels.ts";
export { fromPictures, toPictures } from "./picture_tensors.ts";
export type { ForEachBatchOptions, ProgressOptions } from "./for_each_batch.ts";
