// Looking inside a network (§12.9): activations, attributions, features, patches.

// Layers and filters
export * from "./activation_grid.ts";
export { ablate } from "./ablation.ts";
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
export {
  attributionPicture,
  type AttributionPictureOptions,
} from "./attribution/attribution_picture.ts";
export { inputTimesGradient, type Saliency, saliency } from "./attribution/saliency.ts";
export * from "./attribution/smooth_grad.ts";
export type { Baseline } from "./attribution/baseline.ts";
export type { QuadratureRule } from "./attribution/quadrature.ts";
export type { Contributions } from "./attribution/contributions.ts";
export * from "./attribution/integrated_gradients.ts";
export * from "./attribution/gradient_shap.ts";
export * from "./attribution/deep_lift.ts";
export type { RelevanceRule } from "./attribution/relevance_rules.ts";
export * from "./attribution/layerwise_relevance.ts";
export type { CamMethod } from "./attribution/cam_weights.ts";
export { type GradCam, gradCam, type GradCamOptions } from "./attribution/grad_cam.ts";
export * from "./attribution/guided_grad_cam.ts";
export * from "./attribution/occlusion.ts";
export * from "./attribution/superpixels.ts";
export * from "./attribution/lime.ts";
export type { MaskedScoresOptions } from "./attribution/masked_scores.ts";
export {
  type PerturbationCurve,
  type PerturbationCurves,
  perturbationCurves,
  type PerturbationCurvesOptions,
} from "./attribution/perturbation_curves.ts";
export { type Infidelity, infidelity, type InfidelityOptions } from "./attribution/infidelity.ts";

// Feature spaces
export * from "./embedding/features.ts";
export { labelAgreement, nearestNeighbors, type Neighbor } from "./embedding/neighbors.ts";
export * from "./embedding/neighbors_figure.ts";
export * from "./embedding/principal_components.ts";
export * from "./embedding/umap.ts";
export * from "./embedding/scatter.ts";

// Patches
export { type PixelBox, receptiveBoxes } from "./patches/receptive_boxes.ts";
export { layerPeaks, type Peak } from "./patches/peaks.ts";
export * from "./patches/top_patches.ts";
export * from "./patches/patches_figure.ts";

// Pixels, inputs and pictures; options of long work
export { type ImageNetwork, type PixelScaling, toInputs, toPixels } from "./input_pixels.ts";
export * from "./picture_tensors.ts";
export type { ForEachBatchOptions, ProgressOptions } from "./for_each_batch.ts";
