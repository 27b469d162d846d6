// Making images by a network (§12.9): ascent, class images, DeepDream, inversion, attacks.

export {
  ascend,
  type Ascended,
  type AscendOptions,
  type AscendReport,
  type Regularizer,
  type Transform,
} from "./ascend.ts";
export { normalizedAscent, type NormalizedAscentOptions } from "./normalized_ascent.ts";
export { type Parametrization, pixels, type PixelsOptions } from "./parametrization.ts";
export { fourier, type FourierOptions, type Spectrum } from "./fourier.ts";
export { affineChain, lucidTransforms } from "./affine_chain.ts";
export {
  type AffineOptions,
  type AffineTransform,
  jitter,
  pad,
  rescale,
  rotate,
} from "./transforms.ts";
export { centerBlur, type CenterBlurOptions } from "./center_blur.ts";
export { alphaNorm, l1, l2, totalVariation, type TotalVariationOptions } from "./regularizers.ts";
export {
  classImage,
  type ClassImageOptions,
  type ClassImageStyle,
  classScore,
} from "./class_image.ts";
export { deepDream, type DeepDreamOptions, type DreamReport, type Dreamt } from "./deep_dream.ts";
export {
  inversionStrip,
  type InversionStripOptions,
  invert,
  type Inverted,
  type InvertOptions,
  type StripPart,
  type StripReport,
} from "./inversion.ts";
export { diversity, gramMatrix, guidedBy, likeness, style } from "./objectives.ts";
export type {
  Attacked,
  AttackOptions,
  AttackReport,
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
export { fgsm, type FgsmOptions } from "./adversarial/fgsm.ts";
export { bim, type BimOptions } from "./adversarial/bim.ts";
export { pgd, type PgdOptions } from "./adversarial/pgd.ts";
export { deepFool, type DeepFoolOptions } from "./adversarial/deep_fool.ts";
export { carliniWagner, type CarliniWagnerOptions } from "./adversarial/carlini_wagner.ts";
export {
  type Attack,
  type Robustness,
  robustness,
  type RobustnessOptions,
  type RobustnessReport,
} from "./adversarial/robustness.ts";
export { type RobustnessChart, robustnessSvg } from "./adversarial/robustness_chart.ts";
