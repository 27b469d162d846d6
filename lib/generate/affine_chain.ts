// Chains of affine transforms, and that of Lucid.
import { composed } from "../tensor/affine_map.ts";
import { fold } from "../tensor/random.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import {
  affine,
  type AffineOptions,
  type AffineTransform,
  jitter,
  pad,
  randomRotate,
  randomScale,
} from "./transforms.ts";

/**
 * Several affine transforms as one. The images are interpolated once, so that a chain blurs no more
 * than one transform.
 *
 * @param parts the transforms in order
 * @param options what lies beyond the edges; the options of the parts are ignored
 * @returns the transform
 * @throws {RangeError} if there is no part
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { affineChain, pad, randomScale } from "@neocog/neocog/generate";
 * import { key } from "@neocog/neocog";
 *
 * // A frame that halves the image, and a scale that doubles it.
 * const both = affineChain([pad(1), randomScale(2, 2)]);
 * assertEquals(both.map(key(0), [1, 4, 4, 1]), [1, 0, 0, 0, 1, 0]);
 * ```
 */
export function affineChain(
  parts: readonly AffineTransform[],
  options: AffineOptions = {},
): AffineTransform {
  requireOptions("chain transforms", options, { edge: true });
  requireRange("chain transforms", "there must be at least one", parts.length > 0, "none");
  return affine(
    parts.map(({ name }) => name).join(", "),
    (key, shape) =>
      // The output of the last part is looked up in that of the parts before it.
      parts.map(({ map }, i) => map(fold(key, i), shape)).reduce((inner, outer) =>
        composed(inner, outer)
      ),
    options,
  );
}

/**
 * Lucid's transforms as one: a frame of 12 pixels, a jitter of 8, a scale of 0.9 to 1.1, a rotation
 * of up to 10° and a jitter of 4. For images smaller than 224 pixels, frame and jitter shrink in
 * proportion.
 *
 * @param size the shorter side of the images in pixels. Default: 224
 * @param options what lies beyond the edges. Default: 0.5, gray, as in Lucid
 * @returns the transform
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lucidTransforms } from "@neocog/neocog/generate";
 *
 * assertEquals(lucidTransforms().name, "pad 12, jitter 8, scale 0.9 to 1.1, rotate 10°, jitter 4");
 * ```
 */
export function lucidTransforms(size = 224, options: AffineOptions = {}): AffineTransform {
  requireOptions("chain transforms", options, { edge: true });
  const pixels = (of224: number): number => Math.round(of224 * Math.min(1, size / 224));
  const parts = [
    pad(pixels(12)),
    jitter(pixels(8)),
    randomScale(),
    randomRotate(),
    jitter(pixels(4)),
  ];
  return affineChain(parts, { edge: 0.5, ...options });
}
