// Numbers as colors, and colors over a picture.
import { requireOptions, requireRange } from "../text/require.ts";
import { colorAt } from "./color.ts";
import { type ColorMap, diverging, viridis } from "./color_map.ts";
import { checkImage, checkSize, type Image } from "./image.ts";
import { resize, type ResizeFilter } from "./resize.ts";

/** Options of {@linkcode heatMap}. */
export type HeatMapOptions = {
  /**
   * The numbers at the ends of the colors: `"full"` the smallest and the largest; `"positive"` 0 and
   * the largest; `"signed"` −m and m, m the largest |number|; or two numbers. Numbers beyond them
   * have the color of the end. Default: `"full"`.
   */
  readonly span?: "full" | "positive" | "signed" | readonly [low: number, high: number];
  /** The colors. Default: {@linkcode diverging} for a signed span, else {@linkcode viridis}. */
  readonly colors?: ColorMap;
  /**
   * Whether colors fade with their numbers, for {@linkcode overlay}: alpha is |number| / m, m the
   * larger |end| of the span. Default: `false`.
   */
  readonly fade?: boolean;
};

function endsOf(
  values: ArrayLike<number>,
  span: NonNullable<HeatMapOptions["span"]>,
): readonly [low: number, high: number] {
  if (typeof span !== "string") {
    const found = `${span[0]} to ${span[1]}`;
    requireRange("draw a heat map", "its span must rise", span[0] < span[1], found);
    return span;
  }
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]!);
    most = Math.max(most, values[i]!);
  }
  if (span === "full") return [least, most];
  if (span === "positive") return [0, most];
  const size = Math.max(-least, most);
  return [-size, size];
}

/** Equal numbers are in the middle of a signed span, else at the low end. */
function positionOf(value: number, [low, high]: readonly [number, number], flat: number): number {
  return high > low ? (value - low) / (high - low) : flat;
}

/**
 * Draws numbers as colors.
 *
 * @param values `height × width` numbers, row by row
 * @param size height and width
 * @param options the ends of the colors, which colors, and whether they fade
 * @returns a picture with a pixel for each number, of three channels, or four if colors fade
 * @throws {TypeError} if there is another number of values
 * @throws {RangeError} if a number is not finite, or the span does not rise
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grays, heatMap } from "@neocog/neocog/image";
 *
 * const { pixels } = heatMap([-2, 0, 4], [1, 3], { span: "signed", colors: grays });
 * assertEquals([...pixels].filter((_, i) => i % 3 === 0), [0.25, 0.5, 1]);
 * ```
 */
export function heatMap(
  values: ArrayLike<number>,
  size: readonly [height: number, width: number],
  options: HeatMapOptions = {},
): Image {
  requireOptions("draw a heat map", options, { span: true, colors: true, fade: true });
  const [height, width] = size;
  checkSize("draw a heat map", width, height);
  if (values.length !== height * width) {
    throw new TypeError(
      `Cannot draw a heat map: it must have ${height} × ${width} numbers, got ${values.length}`,
    );
  }
  const { span = "full", fade = false } = options;
  const { colors = span === "signed" ? diverging : viridis } = options;
  for (let i = 0; i < values.length; i++) {
    const isFinite = Number.isFinite(values[i]);
    requireRange("draw a heat map", "its numbers must be finite", isFinite, values[i]);
  }
  const ends = endsOf(values, span);
  const most = Math.max(...ends.map(Math.abs)) || 1;
  const channels = fade ? 4 : 3;
  const pixels = new Float32Array(height * width * channels);
  for (let i = 0; i < values.length; i++) {
    pixels.set(colors(positionOf(values[i]!, ends, span === "signed" ? 0.5 : 0)), channels * i);
    if (fade) pixels[channels * i + 3] = Math.min(1, Math.abs(values[i]!) / most);
  }
  return { width, height, channels, pixels };
}

/** Options of {@linkcode overlay}. */
export type OverlayOptions = {
  /** The opacity of the upper picture, 0 to 1. Default: 0.5. */
  readonly alpha?: number;
  /** How the upper picture is resized to the lower one's size. Default: `"bilinear"`. */
  readonly filter?: ResizeFilter;
};

/**
 * Blends a heat map over a picture: (1 − a) · picture + a · heat, a being `alpha` times the heat
 * map's own alpha.
 *
 * @param image the picture, of 1, 3 or 4 channels; transparent parts are white
 * @param heat the heat map, which is resized to the picture's size
 * @param options the opacity
 * @returns a picture of three channels and `image`'s size
 * @throws {RangeError} if alpha is not from 0 to 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { overlay } from "@neocog/neocog/image";
 *
 * const dark = { width: 2, height: 1, channels: 1, pixels: new Float32Array(2) } as const;
 * const red = { width: 1, height: 1, channels: 3, pixels: new Float32Array([1, 0, 0]) } as const;
 * assertEquals([...overlay(dark, red, { alpha: 0.25 }).pixels], [0.25, 0, 0, 0.25, 0, 0]);
 * ```
 */
export function overlay(image: Image, heat: Image, options: OverlayOptions = {}): Image {
  requireOptions("overlay a heat map", options, { alpha: true, filter: true });
  const { alpha = 0.5, filter = "bilinear" } = options;
  const rule = "alpha must be from 0 to 1";
  requireRange("blend a picture over another", rule, alpha >= 0 && alpha <= 1, alpha);
  checkImage(image);
  const { width, height } = image;
  const upper = resize(heat, width, height, filter);
  const pixels = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const below = colorAt(image, i, [1, 1, 1]);
    const above = colorAt(upper, i, below);
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = (1 - alpha) * below[c]! + alpha * above[c]!;
  }
  return { width, height, channels: 3, pixels };
}
