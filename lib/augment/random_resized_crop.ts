// Crops images at random and enlarges the crops to the size of the images.
import { requireOptions } from "../text/require.ts";
import type { AffineMap } from "../tensor/affine_map.ts";
import type { Box } from "../tensor/box.ts";
import { fold } from "../tensor/random.ts";
import { geometric, type GeometricAugmentation } from "./geometric.ts";
import { drawBox, type Interval, requireRatios, requireShares } from "./draws.ts";

/** Options of {@linkcode randomResizedCrop}. */
export type RandomResizedCropOptions = {
  /** The range of the crop's fraction of the area, above 0 and up to 1. Default: 0.08 to 1. */
  readonly scale?: Interval;
  /** The range of the crop's width / height, whose logarithm is uniform. Default: 3/4 to 4/3. */
  readonly ratio?: Interval;
};

/** How often a crop is drawn until one fits, as in torchvision. */
const ATTEMPTS = 10;

/**
 * Crops each image to a part of random size, shape and place, and enlarges it bilinearly to the
 * image's size: how networks for ImageNet are trained (Szegedy et al. 2014, "Going deeper with
 * convolutions", section 6). The numbers are those of torchvision's `RandomResizedCrop`, except at the
 * crop's outermost pixels, which here include half a pixel beyond the crop.
 *
 * @param options size and shape
 * @returns the augmentation
 * @throws {RangeError} if fractions are not above 0, up to 1 and in order, or ratios not above 0 and
 * in order
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { randomResizedCrop } from "@neocog/neocog/augment";
 *
 * const [a, , , , e] = randomResizedCrop({ scale: [0.25, 1] }).maps(key(0), [1, 64, 64, 3])[0]!;
 * assert(a * e > 0.24 && a * e <= 1); // Its fraction of the area.
 * ```
 */
export function randomResizedCrop(
  options: RandomResizedCropOptions = {},
): GeometricAugmentation {
  requireOptions("crop and resize images", options, { scale: true, ratio: true });
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

/** The largest crop in the center with an allowed ratio, as torchvision uses if none fitted. */
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

/** The map that enlarges a rectangle to the whole image. */
export function boxMap(box: Box, height: number, width: number): AffineMap {
  const [across, down] = [box.width / width, box.height / height];
  // The center of a pixel is mapped, which is half a pixel from its corner.
  return [across, 0, box.left + (across - 1) / 2, 0, down, box.top + (down - 1) / 2];
}
