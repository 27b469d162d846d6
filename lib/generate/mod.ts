// Making images with a network (§12.9): ascent, class images, DeepDream, inversion, attacks.

// Gradient ascent and its parts
export {
  ascend,
  type AscendOptions,
  type AscendReport,
  type AscentResult,
  type Regularizer,
  type Transform,
} from "./ascend.ts";
export { diversity, gramMatrix, guidedBy, similarTo, style } from "./objectives.ts";
export { type Parametrization, pixels, type PixelsOptions } from "./parametrization.ts";
export { fourier, type FourierOptions, type Spectrum } from "./fourier.ts";
export { affineChain, lucidTransforms } from "./affine_chain.ts";
export {
  type AffineOptions,
  type AffineTransform,
  jitter,
  pad,
  randomRotate,
  randomScale,
} from "./transforms.ts";
export { alphaNorm, l1, l2, totalVariation, type TotalVariationOptions } from "./regularizers.ts";
export { offCenterDetail, type OffCenterDetailOptions } from "./off_center_detail.ts";
export { normalizedAscent, type NormalizedAscentOptions } from "./normalized_ascent.ts";

// Pictures
export { classImage, type ClassImageOptions, type ClassImageStyle } from "./class_image.ts";
export {
  type DeepDream,
  deepDream,
  type DeepDreamOptions,
  type DeepDreamReport,
} from "./deep_dream.ts";
export {
  type Inversion,
  inversionStrip,
  type InversionStripOptions,
  invert,
  type InvertOptions,
  type LayerInversion,
} from "./inversion.ts";

// Attacks
export type {
  AttackOptions,
  AttackReport,
  AttackResult,
  TargetedOptions,
} from "./adversarial/attack.ts";
export {
  type AttackPass,
  type AttackSession,
  attackSession,
  type AttackSessionOptions,
} from "./adversarial/session.ts";
export { imageDistances, type Norm } from "./adversarial/norm.ts";
export { logitAscent, type LogitAscentOptions } from "./adversarial/logit_ascent.ts";
export {
  bim,
  type BimOptions,
  fgsm,
  type FgsmOptions,
  pgd,
  type PgdOptions,
} from "./adversarial/projected_gradient.ts";
export { deepFool, type DeepFoolOptions } from "./adversarial/deep_fool.ts";
export { carliniWagner, type CarliniWagnerOptions } from "./adversarial/carlini_wagner.ts";
export {
  type Attack,
  type Robustness,
  robustness,
  type RobustnessOptions,
  type RobustnessReport,
} from "./adversarial/robustness.ts";
export { type RobustnessChartOptions, robustnessSvg } from "./adversarial/robustness_chart.ts";
