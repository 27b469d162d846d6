// Random changes of training images, on the device.

export type { Augmentation, AugmentedBatch, BatchShape } from "./augmentation.ts";
export { compose } from "./compose.ts";
export type { EdgeOptions, GeometricAugmentation } from "./geometric.ts";
export { randomCrop } from "./random_crop.ts";
export { randomFlip } from "./random_flip.ts";
export { randomResizedCrop, type RandomResizedCropOptions } from "./random_resized_crop.ts";
export { randomAffine, type RandomAffineOptions, randomRotation } from "./random_affine.ts";
export { colorJitter, type ColorJitterOptions, type Strength } from "./color_jitter.ts";
export { pcaColors } from "./pca_colors.ts";
export type { ColorAugmentation, Stage } from "./recoloring.ts";
export { randomErasing, type RandomErasingOptions } from "./random_erasing.ts";
export { mixup } from "./mixup.ts";
export { cutmix } from "./cutmix.ts";
export type { MixingOptions } from "./mixing.ts";
export type { Interval } from "./draws.ts";
export { labelSmoothing } from "./label_smoothing.ts";
export { type AugmentationEntry, augmentations } from "./registry.ts";
export { parseAugmentations } from "./parse_augmentations.ts";
export { contactSheet, type ContactSheetOptions } from "./contact_sheet.ts";
