// The augmentations by the names of the command line.
import type { Augmentation } from "./augmentation.ts";
import { colorJitter } from "./color_jitter.ts";
import { compose } from "./compose.ts";
import { cutmix } from "./cutmix.ts";
import { labelSmoothing } from "./label_smoothing.ts";
import { mixup } from "./mixup.ts";
import { pcaColors } from "./pca_colors.ts";
import { randomAffine, randomRotation } from "./random_affine.ts";
import { randomCrop } from "./random_crop.ts";
import { randomErasing } from "./random_erasing.ts";
import { randomFlip } from "./random_flip.ts";
import { randomResizedCrop } from "./random_resized_crop.ts";

/** An augmentation by name. */
export type AugmentationEntry = {
  /** What it does, for lists. */
  readonly about: string;
  /** What its number means, as in `crop:4`, and its default; absent if it has no number. */
  readonly number?: { readonly means: string; readonly default: number };
  /**
   * Builds it.
   *
   * @param number its number
   * @throws {RangeError} if the number is out of its range
   */
  build(number: number): Augmentation;
};

function entry(
  about: string,
  means: string,
  standard: number,
  build: (number: number) => Augmentation,
): AugmentationEntry {
  return { about, number: { means, default: standard }, build };
}

/** The strength of color changes in photos. */
const PHOTO_COLORS = 0.3;

/** The smallest fraction of a photo that is shown: torchvision has 0.08, for much longer training. */
const PHOTO_SHARE = 0.25;

/**
 * The augmentations by name, as {@linkcode parseAugmentations} uses them. The last four are recipes
 * for a kind of images.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { augmentations } from "@neocog/neocog/augment";
 *
 * assertEquals(augmentations.crop!.build(4).name, "crop 4");
 * ```
 */
export const augmentations: Readonly<Record<string, AugmentationEntry>> = {
  "crop": entry("padding and a crop at a random place", "pixels of padding", 4, randomCrop),
  "resized-crop": entry(
    "a random part, enlarged",
    "smallest fraction of the area",
    0.08,
    (least) => randomResizedCrop({ scale: [least, 1] }),
  ),
  "flip": entry("left to right", "probability", 0.5, randomFlip),
  "rotate": entry("rotates about the center", "degrees at most", 10, randomRotation),
  "shift": entry(
    "shifts, not by whole pixels",
    "pixels at most",
    2,
    (most) => randomAffine({ translate: most }),
  ),
  "zoom": entry(
    "smaller and larger",
    "how much at most",
    0.1,
    (most) => randomAffine({ scale: [1 - most, 1 + most] }),
  ),
  "shear": entry("slanted along x", "degrees at most", 10, (most) => randomAffine({ shear: most })),
  "brightness": entry(
    "lighter and darker",
    "how much at most",
    0.4,
    (brightness) => colorJitter({ brightness }),
  ),
  "contrast": entry(
    "less and more contrast",
    "how much at most",
    0.4,
    (contrast) => colorJitter({ contrast }),
  ),
  "saturation": entry(
    "paler and more colorful",
    "how much at most",
    0.4,
    (saturation) => colorJitter({ saturation }),
  ),
  "color": entry("brightness, contrast and saturation", "how much at most", 0.4, colorOf),
  "pca": entry("AlexNet's change of colors", "deviation", 0.1, pcaColors),
  "erase": entry(
    "a rectangle of noise",
    "probability",
    0.5,
    (probability) => randomErasing({ probability }),
  ),
  "mixup": entry("blends pairs of images", "alpha", 0.2, (alpha) => mixup({ alpha })),
  "cutmix": entry("a rectangle of another image", "alpha", 1, (alpha) => cutmix({ alpha })),
  "smooth": entry("less certain labels", "fraction of all classes", 0.1, labelSmoothing),
  "digits": {
    about: "rotates by 10°, shifts by 2 pixels, scales by 0.9 to 1.1; no flips",
    build: () => randomAffine({ rotate: 10, translate: 2, scale: [0.9, 1.1] }),
  },
  "clothes": { about: "crop:2,flip", build: () => compose(randomCrop(2), randomFlip()) },
  "cifar": { about: "crop:4,flip", build: () => compose(randomCrop(4), randomFlip()) },
  "photos": {
    about: `resized-crop:${PHOTO_SHARE},flip,color:${PHOTO_COLORS}`,
    build: () =>
      compose(randomResizedCrop({ scale: [PHOTO_SHARE, 1] }), randomFlip(), colorOf(PHOTO_COLORS)),
  },
};

function colorOf(strength: number): Augmentation {
  return colorJitter({ brightness: strength, contrast: strength, saturation: strength });
}
