// An attribution as colors, also over the picture that it is of.
import { toGray } from "../../image/gray.ts";
import { diverging, viridis } from "../../image/color_map.ts";
import { heatMap, overlay } from "../../image/heat_map.ts";
import type { Image } from "../../image/image.ts";
import { requireOptions, requireRange } from "../../text/require.ts";
import { type Attribution, attributionMap } from "./attribution.ts";

/** Options of {@linkcode attributionPicture}. */
export type AttributionPictureOptions = {
  /** Which image of the batch, from 0. Default: 0. */
  readonly index?: number;
  /** Whether negative values have colors of their own. Default: `false`. */
  readonly signed?: boolean;
  /** The share of values that are not clipped to the last color, above 0 to 1. Default: 1. */
  readonly share?: number;
  /** A picture to lay the colors over, which becomes gray; they fade with their values. Default: none. */
  readonly over?: Image;
};

/** The magnitude that a share of the values does not exceed: single pixels must not hide all others. */
export function boundOf(values: Float32Array, share: number): number {
  const sorted = values.map(Math.abs).sort();
  return sorted[Math.ceil(share * (sorted.length - 1))]!;
}

/**
 * Draws what counts in an image, in colors from 0, or around 0 if it is signed.
 *
 * @param attribution the result of a method such as {@linkcode gradCam}
 * @param options which image, whether signed, the picture below
 * @returns a picture of three channels with a pixel for each value
 * @throws {RangeError} if there is no such image, or the share is out of its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { attributionPicture } from "@neocog/neocog/explain";
 *
 * const { width, height, channels } = attributionPicture({
 *   method: "saliency",
 *   target: "class 3",
 *   scores: [1],
 *   shape: [1, 1, 2, 1],
 *   values: Float32Array.of(1, 6),
 * });
 * assertEquals([width, height, channels], [2, 1, 3]);
 * ```
 */
export function attributionPicture(
  attribution: Attribution,
  options: AttributionPictureOptions = {},
): Image {
  requireOptions("draw an attribution", options, {
    index: true,
    signed: true,
    share: true,
    over: true,
  });
  const { index = 0, signed = false, share = 1, over } = options;
  const isShare = share > 0 && share <= 1;
  requireRange("draw an attribution", "the share must be above 0 and at most 1", isShare, share);
  const [, height, width] = attribution.shape;
  const map = attributionMap(attribution, index);
  const most = boundOf(map, share) || 1;
  const colors = signed ? diverging : viridis;
  const span = [signed ? -most : 0, most] as const;
  const heat = heatMap(map, [height, width], { span, colors, fade: over !== undefined });
  // In gray, so that the colors are those of the map.
  return over ? overlay(toGray(over), heat, { alpha: 0.85 }) : heat;
}
