// Numbers as colors, and colors over a picture.
import { colorAt } from "./color.ts";
import { type ColorMap, diverging, viridis } from "./color_map.ts";
import { checkImage, checkSize, type Image } from "./image.ts";
import { resize, type ResizeFilter } from "./resize.ts";

/** Options of {@linkcode heatMap}. */
export type HeatMapOptions = {
  /**
   * What the colors' ends stand for: `"full"` the least and the largest number; `"positive"` 0
   * and the largest, what is below being as 0; `"signed"` −m and m, m the largest |number|; or
   * two numbers, what is beyond being as they are. Default: `"full"`.
   */
  readonly span?: "full" | "positive" | "signed" | readonly [low: number, high: number];
  /** The colors. Default: {@linkcode diverging} of a signed span, else {@linkcode viridis}. */
  readonly colors?: ColorMap;
};

function endsOf(
  values: ArrayLike<number>,
  span: NonNullable<HeatMapOptions["span"]>,
): readonly [low: number, high: number] {
  if (typeof span !== "string") {
    if (span[0] < span[1]) return span;
    throw new RangeError(
      `Cannot draw a heat map: its span must rise, got ${span[0]} to ${span[1]}`,
    );
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

/** Where numbers that are all the same stand: in the middle of a signed span, else at the low end. */
function placeOf(value: number, [low, high]: readonly [number, number], flat: number): number {
  return high > low ? (value - low) / (high - low) : flat;
}

/**
 * Numbers as a picture of colors.
 *
 * @param values `height × width` numbers, row by row
 * @param size height and width
 * @param options what the colors' ends stand for, and which colors
 * @returns a picture of three channels, a pixel each
 * @throws {TypeError} where there are not as many numbers
 * @throws {RangeError} where a number is not finite, or the span does not rise
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
  [height, width]: readonly [height: number, width: number],
  options: HeatMapOptions = {},
): Image {
  checkSize("draw a heat map", width, height);
  if (values.length !== height * width) {
    throw new TypeError(
      `Cannot draw a heat map: it must have ${height} × ${width} numbers, got ${values.length}`,
    );
  }
  const { span = "full" } = options;
  const { colors = span === "signed" ? diverging : viridis } = options;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(
        `Cannot draw a heat map: its numbers must be finite, got ${values[i]}`,
      );
    }
  }
  const ends = endsOf(values, span);
  const pixels = new Float32Array(height * width * 3);
  for (let i = 0; i < values.length; i++) {
    pixels.set(colors(placeOf(values[i]!, ends, span === "signed" ? 0.5 : 0)), 3 * i);
  }
  return { width, height, channels: 3, pixels };
}

/** Options of {@linkcode overlay}. */
export type OverlayOptions = {
  /** How much of the upper picture is seen, 0 to 1. Default: 0.5. */
  readonly alpha?: number;
  /** How the upper picture is brought to the lower one's size. Default: `"bilinear"`. */
  readonly filter?: ResizeFilter;
};

/**
 * Lays a heat map on a picture: (1 − alpha) · picture + alpha · heat.
 *
 * @param image the picture, of 1, 3 or 4 channels; what is transparent is white
 * @param heat what is laid on it, resized to its size
 * @param options how much of it is seen
 * @returns a picture of three channels and `image`'s size
 * @throws {RangeError} where alpha is not from 0 to 1
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
  const { alpha = 0.5, filter = "bilinear" } = options;
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(
      `Cannot lay a picture on another: alpha must be from 0 to 1, got ${alpha}`,
    );
  }
  checkImage(image);
  const { width, height } = image;
  const upper = resize(heat, width, height, filter);
  const pixels = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [below, above] = [colorAt(image, i, [1, 1, 1]), colorAt(upper, i, [1, 1, 1])];
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = (1 - alpha) * below[c]! + alpha * above[c]!;
  }
  return { width, height, channels: 3, pixels };
}
