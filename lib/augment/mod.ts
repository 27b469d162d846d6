// Random changes of training images, on the device.

export * from "./augmentation.ts";
export * from "./compose.ts";
export type { EdgeOptions, GeometricAugmentation } from "./geometric.ts";
export * from "./random_crop.ts";
export * from "./random_flip.ts";
export { randomResizedCrop, type RandomResizedCropOptions } from "./random_resized_crop.ts";
export { randomAffine, type RandomAffineOptions, randomRotation } from "./random_affine.ts";
export * from "./color_jitter.ts";
export { pcaColors } from "./pca_colors.ts";
export type { ColorAugmentation, Stage } from "./recoloring.ts";
export * from "./random_erasing.ts";
export * from "./mixup.ts";
export * from "./cutmix.ts";
export type { MixingOptions } from "./mixing.ts";
export type { Interval } from "./draws.ts";
export * from "./label_smoothing.ts";
export * from "./registry.ts";
export * from "./parse_augmentations.ts";
export * from "./contact_sheet.ts";
