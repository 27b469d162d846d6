// Random changes of images, on the device.

export type { Augmentation, AugmentedBatch, BatchShape } from "./augmentation.ts";
export { compose } from "./compose.ts";
export type { EdgeOptions, GeometricAugmentation } from "./geometric.ts";
export { randomCrop } from "./random_crop.ts";
export { randomFlip } from "./flip.ts";
export { resizedCrop, type ResizedCropOptions } from "./resized_crop.ts";
export { randomAffine, type RandomAffineOptions, randomRotation } from "./affine.ts";
export {
  brightness,
  colorJitter,
  type ColorJitterOptions,
  contrast,
  saturation,
  type Strength,
} from "./color_jitter.ts";
export { pcaColors } from "./pca_colors.ts";
export type { ColorAugmentation, Stage } from "./recoloring.ts";
export { randomErasing, type RandomErasingOptions } from "./random_erasing.ts";
export { mixup } from "./mixup.ts";
export { cutmix } from "./cutmix.ts";
export type { MixingOptions } from "./mixing.ts";
export type { Interval } from "./random_box.ts";
export { labelSmoothing } from "./label_smoothing.ts";
export { type AugmentationEntry, augmentations } from "./registry.ts";
export { parseAugmentations } from "./parse_augmentations.ts";
export { contactSheet, type ContactSheetOptions } from "./contact_sheet.ts";
