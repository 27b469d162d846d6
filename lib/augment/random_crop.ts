// Pads images and crops them at random: a shift by whole pixels.
import type { AffineMap } from "../tensor/affine_map.ts";
import { uniformArray } from "../tensor/random.ts";
import { requireOptions, requireRange, requireWhole } from "../text/require.ts";
import {
  type EdgeOptions,
  geometric,
  type GeometricAugmentation,
  requireEdge,
} from "./geometric.ts";

/**
 * Pads images on all sides and crops each to its own size at a random place: a shift by whole pixels,
 * uniform along either axis. With 4 pixels this is how networks for CIFAR are trained (He et al. 2015,
 * "Deep residual learning", section 4.2). The pixels are exact copies.
 *
 * @param padding the number of pixels added on each side, a whole number of at least 0
 * @param options what is in the padding
 * @returns the augmentation
 * @throws {RangeError} if the padding is not such a number, or the edge is neither `"reflect"` nor from
 * 0 to 1; by `draw`, if the padding is not smaller than the images' sides
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { randomCrop } from "@neocog/neocog/augment";
 *
 * const [a, , right] = randomCrop(4).maps(key(0), [1, 32, 32, 3])[0]!;
 * assert(a === 1 && Number.isInteger(right) && Math.abs(right) <= 4);
 * ```
 */
export function randomCrop(padding: number, options: EdgeOptions = {}): GeometricAugmentation {
  requireOptions("crop images at random", options, { edge: true });
  const { edge = 0 } = options;
  const what = "crop images at random";
  requireWhole(what, "the padding in pixels", padding, 0);
  requireEdge(what, edge);
  return geometric(`crop ${padding}`, edge, (key, [n, height, width]) => {
    const room = `the padding must be smaller than the sides of ${height} × ${width} pixels`;
    requireRange(what, room, padding < Math.min(height, width), padding);
    const shifts = uniformArray(key, 2 * n, -padding, padding + 1).map(Math.floor);
    return Array.from(
      { length: n },
      (_, i): AffineMap => [1, 0, shifts[2 * i]!, 0, 1, shifts[2 * i + 1]!],
    );
  });
}
