// Looking inside a network (§12.9): maps, attributions, features, patches.

export { activations } from "./activations.ts";
export {
  type Features,
  features,
  type FeaturesOptions,
  pixelFeatures,
} from "./embedding/features.ts";
export type { GoThroughOptions } from "./go_through.ts";
export { labelAgreement, nearestNeighbors, type Neighbor } from "./embedding/neighbors.ts";
export {
  type NeighborsFigure,
  neighborsFigure,
  type NeighborsFigureOptions,
  type Space,
} from "./embedding/neighbors_figure.ts";
export { patchesFigure, type PatchesFigureOptions } from "./patches/patches_figure.ts";
export {
  type PrincipalComponents,
  principalComponents,
  type PrincipalComponentsOptions,
} from "./embedding/principal_components.ts";
export { umap, type UmapOptions } from "./embedding/umap.ts";
export { type ScatterOptions, scatterSvg } from "./embedding/scatter.ts";
export { type PixelBox, receptiveBoxes } from "./patches/receptive_box.ts";
export type { Peak } from "./patches/strongest_places.ts";
export {
  type Patch,
  topPatches,
  type TopPatchesOptions,
  type UnitPatches,
  type Units,
} from "./patches/top_patches.ts";
export { type BackwardRule, ruleIntercept } from "./backward_rule.ts";
export {
  channel,
  classLogit,
  direction,
  layerEnergy,
  neuron,
  type Objective,
  weighted,
} from "./objective.ts";
export { beginningOf, type BeginningOptions } from "./beginning.ts";
export { filterGrid, type FilterGridOptions } from "./filters.ts";
export { activationGrid, type ActivationGridOptions } from "./activation_grid.ts";
export { imagesOf, pixelsOf } from "./images_of.ts";
export type { Normalize } from "./spans.ts";
export { inputGradient, type InputGradientOptions } from "./input_gradient.ts";
export { type InputUnits, toInputs, toPixels, UNIT_PIXELS } from "./input_units.ts";
export {
  type Attribution,
  attributionMap,
  type LongOptions,
  type Target,
} from "./attribution/attribution.ts";
export { inputTimesGradient, saliency, type SaliencyOptions } from "./attribution/saliency.ts";
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
export { occlusionWindow } from "./attribution/occlusion_places.ts";
export { exampleImage } from "./example_image.ts";
