// Random shifts, scales and rotations, drawn anew at each step, to which generated images become robust.
import { warp, type WarpEdge } from "../tensor/affine.ts";
import { aboutMiddle, type AffineMap } from "../tensor/affine_map.ts";
import { type Key, uniformArray } from "../tensor/random.ts";
import type { Shape } from "../tensor/tensor.ts";
import { requireOptions, requireRange, requireWhole } from "../text/require.ts";
import type { Transform } from "./ascend.ts";

/** A transform that is an affine map of positions. */
export type AffineTransform = Transform & {
  /**
   * Draws the map of one step.
   *
   * @param key the step's key
   * @param shape of the images, `[N, H, W, C]`
   */
  map(key: Key, shape: Shape): AffineMap;
};

/** Options of affine transforms. */
export type AffineOptions = {
  /**
   * What lies beyond the edges of images: their reflection, or a value such as 0.5 for gray.
   * Default: `"reflect"`, which gives the network no edge to build on.
   */
  readonly edge?: WarpEdge;
};

/** A transform that is an affine map. */
export function affine(
  name: string,
  map: AffineTransform["map"],
  { edge = "reflect" }: AffineOptions,
): AffineTransform {
  return {
    name,
    map,
    draw: map,
    apply: (images, drawn) => warp(images, drawn, { edge }),
  };
}

/**
 * Shifts the images by whole pixels, uniformly, so that nothing depends on the network's strides.
 *
 * @param most the largest shift in pixels, from 0
 * @param options what lies beyond the edges
 * @returns the transform
 * @throws {RangeError} if `most` is not a whole number from 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jitter } from "@neocog/neocog/generate";
 * import { key } from "@neocog/neocog";
 *
 * const [a, , dx] = jitter(8).map(key(0), [1, 227, 227, 3]);
 * assertEquals([a, Number.isInteger(dx), Math.abs(dx) <= 8], [1, true, true]);
 * ```
 */
export function jitter(most: number, options: AffineOptions = {}): AffineTransform {
  requireOptions("jitter images", options, { edge: true });
  requireWhole("jitter images", "the largest shift in pixels", most, 0);
  return affine(`jitter ${most}`, (key) => {
    const [dx, dy] = uniformArray(key, 2, -most, most + 1);
    return [1, 0, Math.floor(dx!), 0, 1, Math.floor(dy!)];
  }, options);
}

/**
 * Scales the images about their center by a random factor.
 *
 * @param least the smallest factor, above 0. Default: 0.9.
 * @param most the largest factor. Default: 1.1.
 * @param options what lies beyond the edges
 * @returns the transform
 * @throws {RangeError} if the factors are not finite, above 0 and in order
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { randomScale } from "@neocog/neocog/generate";
 *
 * // Twice as large: a pixel is half a pixel of the original.
 * assertEquals(randomScale(2, 2).map(key(0), [1, 3, 3, 1]), [0.5, 0, 0.5, 0, 0.5, 0.5]);
 * ```
 */
export function randomScale(least = 0.9, most = 1.1, options: AffineOptions = {}): AffineTransform {
  requireOptions("scale images", options, { edge: true });
  const rule = "its factors must be finite, above 0 and in order";
  requireRange(
    "scale images",
    rule,
    least > 0 && most >= least && most < Infinity,
    `${least} to ${most}`,
  );
  return affine(`scale ${least} to ${most}`, (key, shape) => {
    const step = 1 / uniformArray(key, 1, least, most)[0]!;
    return aboutMiddle([step, 0, 0, step], shape);
  }, options);
}

/**
 * Rotates the images about their center by a random angle.
 *
 * @param most the largest angle either way, in degrees. Default: 10.
 * @param options what lies beyond the edges
 * @returns the transform
 * @throws {RangeError} if the angle is not finite and at least 0
 *
 * @example
 * ```ts
 * import { assert, assertAlmostEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { randomRotate } from "@neocog/neocog/generate";
 *
 * const [a, , , d] = randomRotate(10).map(key(0), [1, 3, 3, 1]);
 * assertAlmostEquals(a ** 2 + d ** 2, 1);
 * assert(Math.abs(d) <= Math.sin(10 * Math.PI / 180));
 * ```
 */
export function randomRotate(most = 10, options: AffineOptions = {}): AffineTransform {
  requireOptions("rotate images", options, { edge: true });
  const rule = "the largest angle must be finite and at least 0";
  requireRange("rotate images", rule, most >= 0 && most < Infinity, most);
  return affine(`rotate ${most}°`, (key, shape) => {
    const angle = uniformArray(key, 1, -1, 1)[0]! * most * Math.PI / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return aboutMiddle([cos, -sin, sin, cos], shape);
  }, options);
}

/**
 * Adds a frame around the images, which shrink to make room for it, as the network's input keeps
 * its size.
 *
 * @param width the frame's width in pixels, from 0
 * @param options what the frame is filled with. Default: 0.5, gray, as in Lucid
 * @returns the transform
 * @throws {RangeError} if the width is not finite and at least 0; by `map`, if it leaves no room
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { pad } from "@neocog/neocog/generate";
 *
 * // The middle two of 4 columns show the image.
 * assertEquals(pad(1).map(key(0), [1, 4, 4, 1]), [2, 0, -1.5, 0, 2, -1.5]);
 * ```
 */
export function pad(width: number, options: AffineOptions = {}): AffineTransform {
  requireOptions("pad images", options, { edge: true });
  const rule = "the frame must be finite and at least 0 pixels wide";
  requireRange("pad images", rule, width >= 0 && width < Infinity, width);
  return affine(`pad ${width}`, (_key, shape) => {
    const [across, down] = [shape[2]! - 2 * width, shape[1]! - 2 * width];
    const room = `the frame must leave room in ${shape[1]} × ${shape[2]} pixels`;
    requireRange("pad images", room, across > 0 && down > 0, width);
    return aboutMiddle([shape[2]! / across, 0, 0, shape[1]! / down], shape);
  }, { edge: 0.5, ...options });
}
