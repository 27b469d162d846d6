// The names under which the command line finds augmentations.
import { randomAffine, randomRotation } from "./affine.ts";
import type { Augmentation } from "./augmentation.ts";
import { brightness, colorJitter, contrast, saturation } from "./color_jitter.ts";
import { compose } from "./compose.ts";
import { cutmix } from "./cutmix.ts";
import { randomFlip } from "./flip.ts";
import { labelSmoothing } from "./label_smoothing.ts";
import { mixup } from "./mixup.ts";
import { pcaColors } from "./pca_colors.ts";
import { randomCrop } from "./random_crop.ts";
import { randomErasing } from "./random_erasing.ts";
import { resizedCrop } from "./resized_crop.ts";

/** An augmentation that has a name. */
export type AugmentationEntry = {
  /** What it does, for lists. */
  readonly about: string;
  /** What its number is, as in `crop:4`, and which it is where none is given; nothing where it takes none. */
  readonly number?: { readonly means: string; readonly default: number };
  /**
   * Makes it.
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

/** How much colors change in photos. */
const PHOTO_COLORS = 0.3;

/** The least share of a photo that is shown: torchvision has 0.08, for 1.3 million images and 90 epochs. */
const PHOTO_SHARE = 0.25;

/**
 * The augmentations that {@linkcode parseAugmentations} knows by name. The last four are whole
 * recipes for a kind of images.
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
    "least share of the area",
    0.08,
    (least) => resizedCrop({ scale: [least, 1] }),
  ),
  "flip": entry("left to right", "probability", 0.5, randomFlip),
  "rotate": entry("turns about the middle", "degrees at most", 10, randomRotation),
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
  "brightness": entry("lighter and darker", "how much at most", 0.4, brightness),
  "contrast": entry("nearer to gray and further from it", "how much at most", 0.4, contrast),
  "saturation": entry("paler and more colorful", "how much at most", 0.4, saturation),
  "color": entry("brightness, contrast and saturation", "how much at most", 0.4, colorOf),
  "pca": entry("AlexNet's change of colors", "deviation", 0.1, pcaColors),
  "erase": entry(
    "a rectangle of noise",
    "probability",
    0.5,
    (probability) => randomErasing({ probability }),
  ),
  "mixup": entry("images laid over one another", "alpha", 0.2, (alpha) => mixup({ alpha })),
  "cutmix": entry("a rectangle of another image", "alpha", 1, (alpha) => cutmix({ alpha })),
  "smooth": entry("labels that are less sure", "share of all classes", 0.1, labelSmoothing),
  "digits": {
    about: "turns of 10°, shifts of 2 pixels, 0.9 to 1.1 times as large; no flips",
    build: () => randomAffine({ rotate: 10, translate: 2, scale: [0.9, 1.1] }),
  },
  "clothes": { about: "crop:2,flip", build: () => compose(randomCrop(2), randomFlip()) },
  "cifar": { about: "crop:4,flip", build: () => compose(randomCrop(4), randomFlip()) },
  "photos": {
    about: `resized-crop:${PHOTO_SHARE},flip,color:${PHOTO_COLORS}`,
    build: () =>
      compose(resizedCrop({ scale: [PHOTO_SHARE, 1] }), randomFlip(), colorOf(PHOTO_COLORS)),
  },
};

function colorOf(strength: number): Augmentation {
  return colorJitter({ brightness: strength, contrast: strength, saturation: strength });
}
