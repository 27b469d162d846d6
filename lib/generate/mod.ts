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
export * from "./objectives.ts";
export { type Parametrization, pixels, type PixelsOptions } from "./parametrization.ts";
export * from "./fourier.ts";
export * from "./affine_chain.ts";
export {
  type AffineOptions,
  type AffineTransform,
  jitter,
  pad,
  randomRotate,
  randomScale,
} from "./transforms.ts";
export { alphaNorm, l1, l2, totalVariation, type TotalVariationOptions } from "./regularizers.ts";
export * from "./off_center_detail.ts";
export * from "./normalized_ascent.ts";

// Pictures
export {
  classImage,
  type ClassImageOptions,
  type ClassImageStyle,
  featureImage,
} from "./class_image.ts";
export * from "./deep_dream.ts";
export {
  type ActivationAtlas,
  activationAtlas,
  type ActivationAtlasOptions,
  type AtlasCell,
} from "./activation_atlas.ts";
export * from "./caricature.ts";
export {
  type Inversion,
  inversionStrip,
  type InversionStripOptions,
  invert,
  type InvertOptions,
  type LayerInversion,
} from "./inversion.ts";

// Attacks
export {
  type AttackOptions,
  type AttackReport,
  type AttackResult,
  type TargetedOptions,
} from "./adversarial/attack.ts";
export {
  type AttackPass,
  type AttackSession,
  attackSession,
  type AttackSessionOptions,
} from "./adversarial/session.ts";
export { imageDistances, type Norm } from "./adversarial/norm.ts";
export * from "./adversarial/logit_ascent.ts";
export {
  bim,
  type BimOptions,
  fgsm,
  type FgsmOptions,
  pgd,
  type PgdOptions,
} from "./adversarial/projected_gradient.ts";
export type { AttackLoss } from "./adversarial/margin_losses.ts";
export { autoPgd, type AutoPgdOptions } from "./adversarial/auto_pgd.ts";
export * from "./adversarial/auto_attack.ts";
export { squareAttack, type SquareAttackOptions } from "./adversarial/square_attack.ts";
export * from "./adversarial/deep_fool.ts";
export * from "./adversarial/carlini_wagner.ts";
export * from "./adversarial/robustness.ts";
export * from "./adversarial/robustness_chart.ts";
