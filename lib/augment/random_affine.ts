// Rotates, shifts, scales and shears images at random.
import { aboutMiddle, type AffineMap, composed } from "../tensor/affine_map.ts";
import { type Key, uniformArray } from "../tensor/random.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import type { Shape } from "../tensor/tensor.ts";
import {
  type EdgeOptions,
  geometric,
  type GeometricAugmentation,
  requireEdge,
} from "./geometric.ts";

/** Options of {@linkcode randomAffine}. */
export type RandomAffineOptions = EdgeOptions & {
  /** The largest angle in either direction, in degrees, from 0 to 180. Default: 0. */
  readonly rotate?: number;
  /** The largest shift in either direction in pixels, from 0; one number for both axes. Default: 0. */
  readonly translate?: number | readonly [across: number, down: number];
  /** The smallest and the largest factor, above 0. Default: 1 to 1. */
  readonly scale?: readonly [least: number, most: number];
  /** The largest shear in degrees, from 0 to below 90; one number is along x. Default: 0. */
  readonly shear?: number | readonly [x: number, y: number];
};

/** The change of one image. */
export type AffineChange = {
  /** An angle in degrees, clockwise. */
  readonly angle: number;
  /** A shift in pixels, to the right and down. */
  readonly shift: readonly [right: number, down: number];
  /** A factor above 0. */
  readonly scale: number;
  /** Shears in degrees, along x and along y. */
  readonly shear: readonly [x: number, y: number];
};

/**
 * The map of a change, as torchvision's `affine`: about its center the image is sheared along x, then
 * along y, rotated, scaled, and then shifted.
 *
 * @param shape the shape of the images, `[N, H, W, C]`
 */
export function affineMapOf(change: AffineChange, shape: Shape): AffineMap {
  const [angle, x, y] = [change.angle, ...change.shear].map((degrees) => degrees * Math.PI / 180);
  const [cos, sin] = [Math.cos(angle!) / change.scale, Math.sin(angle!) / change.scale];
  const [right, down] = change.shift;
  // Each is an inverse, as a map goes from the result to the image.
  return [
    aboutMiddle([1, Math.tan(x!), 0, 1], shape),
    aboutMiddle([1, 0, Math.tan(y!), 1], shape),
    aboutMiddle([cos, sin, -sin, cos], shape),
    [1, 0, -right, 0, 1, -down] as const,
  ].reduce((inner, outer) => composed(inner, outer));
}

/**
 * Rotates, shifts, scales and shears images about their centers, in one bilinear interpolation. Each
 * image has its own numbers, which are uniform in their ranges. As torchvision's `RandomAffine`,
 * except that shifts are in pixels and not rounded.
 *
 * @param options the ranges, and what is beyond the edges
 * @returns the augmentation
 * @throws {RangeError} if an option is out of its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { randomAffine } from "@neocog/neocog/augment";
 * import { key } from "@neocog/neocog";
 *
 * const twice = randomAffine({ scale: [2, 2] });
 * assertEquals(twice.name, "affine scale 2 to 2");
 * // A step of one pixel is half a pixel in the image.
 * assertEquals(twice.maps(key(0), [1, 3, 3, 1]), [[0.5, 0, 0.5, 0, 0.5, 0.5]]);
 * ```
 */
export function randomAffine(options: RandomAffineOptions): GeometricAugmentation {
  requireOptions("change images by affine maps", options, {
    edge: true,
    rotate: true,
    translate: true,
    scale: true,
    shear: true,
  });
  const { edge = 0, rotate = 0, translate = 0, scale = [1, 1], shear = 0 } = options;
  const shifts = typeof translate === "number" ? [translate, translate] : translate;
  const shears = typeof shear === "number" ? [shear, 0] : shear;
  requireRanges(rotate, shifts, scale, shears);
  requireEdge("change images by affine maps", edge);
  return geometric(
    nameOf(options),
    edge,
    (key, shape) =>
      drawChanges(key, shape[0], [rotate, ...shifts, ...shears], scale)
        .map((change) => affineMapOf(change, shape)),
  );
}

/** Draws a change for each image from the largest angle, shifts and shears, and a range of scales. */
function drawChanges(
  key: Key,
  count: number,
  most: readonly number[],
  [least, largest]: readonly [number, number],
): AffineChange[] {
  const drawn = uniformArray(key, count * 6, -1, 1);
  return Array.from({ length: count }, (_, n) => {
    const own = drawn.subarray(n * 6, n * 6 + 6);
    const [angle, right, down, x, y] = most.map((range, i) => range * own[i]!);
    return {
      angle: angle!,
      shift: [right!, down!],
      scale: least + (largest - least) * (own[5]! + 1) / 2,
      shear: [x!, y!],
    };
  });
}

function requireRanges(
  rotate: number,
  shifts: readonly number[],
  [least, most]: readonly [number, number],
  shears: readonly number[],
): void {
  const what = "change images by affine maps";
  const angles = "the largest angle must be from 0 to 180 degrees";
  requireRange(what, angles, rotate >= 0 && rotate <= 180, rotate);
  const furthest = "the largest shift must be finite and at least 0 pixels";
  requireRange(what, furthest, shifts.every((shift) => shift >= 0 && shift < Infinity), shifts);
  const factors = "the factors must be finite, above 0 and in order";
  requireRange(what, factors, least > 0 && most >= least && most < Infinity, `${least} to ${most}`);
  const slants = "the largest shear must be from 0 to below 90 degrees";
  requireRange(what, slants, shears.every((shear) => shear >= 0 && shear < 90), shears);
}

function nameOf({ rotate, translate, scale, shear }: RandomAffineOptions): string {
  const parts = [
    rotate === undefined ? "" : ` rotate ${rotate}°`,
    translate === undefined ? "" : ` shift ${translate}`,
    scale === undefined ? "" : ` scale ${scale.join(" to ")}`,
    shear === undefined ? "" : ` shear ${shear}°`,
  ];
  return `affine${parts.join("")}`;
}

/**
 * Rotates images about their centers, each by its own angle.
 *
 * @param most the largest angle in either direction, in degrees, from 0 to 180
 * @param options what is beyond the edges
 * @returns the augmentation
 * @throws {RangeError} if the angle is not from 0 to 180
 *
 * @example
 * ```ts
 * import { assert, assertAlmostEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { randomRotation } from "@neocog/neocog/augment";
 *
 * const [a, , , d] = randomRotation(10).maps(key(0), [1, 3, 3, 1])[0]!;
 * assertAlmostEquals(a ** 2 + d ** 2, 1);
 * assert(Math.abs(d) <= Math.sin(10 * Math.PI / 180));
 * ```
 */
export function randomRotation(most: number, options: EdgeOptions = {}): GeometricAugmentation {
  return { ...randomAffine({ ...options, rotate: most }), name: `rotate ${most}°` };
}
