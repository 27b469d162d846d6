// A part of the image, enlarged to the image's size.
import type { AffineMap } from "../tensor/affine_map.ts";
import type { Box } from "../tensor/box.ts";
import { fold } from "../tensor/random.ts";
import { geometric, type GeometricAugmentation } from "./geometric.ts";
import { drawBox, type Interval, requireRatios, requireShares } from "./random_box.ts";

/** Options of {@linkcode resizedCrop}. */
export type ResizedCropOptions = {
  /** The crop's share of the image's area, uniform between two, above 0 and up to 1. Default: 0.08 to 1. */
  readonly scale?: Interval;
  /** The crop's width by its height; its logarithm is uniform between those of two. Default: 3/4 to 4/3. */
  readonly ratio?: Interval;
};

/** How often a crop that does not fit is drawn anew, as torchvision does. */
const ATTEMPTS = 10;

/**
 * Crops each image to a part of random size, shape and place, and enlarges that to the image's
 * size, bilinearly: how networks for ImageNet are trained (Szegedy et al. 2014, "Going deeper with
 * convolutions", section 6), as torchvision's `RandomResizedCrop`. But for the crop's outermost
 * pixels, which here see half a pixel of what was beside them, the numbers are the same.
 *
 * @param options size and shape
 * @returns the augmentation
 * @throws {RangeError} if shares are not above 0, up to 1 and in order, or ratios not above 0 and in order
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { resizedCrop } from "@neocog/neocog/augment";
 *
 * const [a, , , , e] = resizedCrop({ scale: [0.25, 1] }).maps(key(0), [1, 64, 64, 3])[0]!;
 * assert(a * e > 0.24 && a * e <= 1); // Its share of the area.
 * ```
 */
export function resizedCrop(options: ResizedCropOptions = {}): GeometricAugmentation {
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] } = options;
  const what = "crop and resize images";
  requireShares(what, "the scale", scale);
  requireRatios(what, ratio);
  const [low, high] = ratio.map(Math.log) as [number, number];
  const ratioAt = (u: number): number => Math.exp(low + (high - low) * u);
  const rule = { share: scale, ratioAt, attempts: ATTEMPTS };
  return geometric(
    `resized crop ${scale.join(" to ")}`,
    undefined,
    (key, [n, height, width]) =>
      Array.from({ length: n }, (_, i): AffineMap => {
        const box = drawBox(fold(key, i), rule, height, width) ?? middleOf(height, width, ratio);
        return boxMap(box, height, width);
      }),
  );
}

/** The largest crop in the middle whose ratio is allowed: what torchvision takes where none fitted. */
function middleOf(height: number, width: number, [least, most]: Interval): Box {
  const ratio = Math.min(most, Math.max(least, width / height));
  const across = ratio < width / height ? Math.max(1, Math.round(height * ratio)) : width;
  const down = ratio > width / height ? Math.max(1, Math.round(width / ratio)) : height;
  return {
    left: Math.floor((width - across) / 2),
    top: Math.floor((height - down) / 2),
    width: across,
    height: down,
  };
}

/**
 * The map that shows a rectangle in all of the image.
 *
 * @param box the rectangle
 * @param height of the image
 * @param width of the image
 */
export function boxMap(box: Box, height: number, width: number): AffineMap {
  const [across, down] = [box.width / width, box.height / height];
  // Of a pixel it is the middle that is mapped, which is half a pixel from its corner.
  return [across, 0, box.left + (across - 1) / 2, 0, down, box.top + (down - 1) / 2];
}
