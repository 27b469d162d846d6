// Resizes pictures as PIL does, with antialiasing.
import { checkImage, checkSize, type Image } from "./image.ts";

/** How pixels are interpolated. */
export type ResizeFilter = "bilinear" | "bicubic";

/** A part of a picture, in pixels. */
export type Window = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

/** For each pixel of the result along one axis: the first source pixel, and the weights from it on. */
type Taps = readonly { readonly first: number; readonly weights: readonly number[] }[];

/** The weight at a distance of `x` pixels, and the distance beyond which it is 0. */
const FILTERS = {
  bilinear: { reach: 1, weight: (x: number): number => Math.max(0, 1 - x) },
  // R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = −1/2.
  bicubic: {
    reach: 2,
    weight: (x: number): number =>
      x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0,
  },
} as const;

/**
 * Resizes a picture. Its proportions are not kept.
 *
 * The weight of a source pixel is f(|d| / s), divided by the sum of the weights. d is its distance
 * from the result's pixel in source pixels, and s the larger of 1 and the scale: interpolation if the
 * picture grows, and no aliasing if it shrinks. f(x) is max(0, 1 − x) for `"bilinear"`, and Keys's
 * cubic with a = −1/2, which reaches twice as far, for `"bicubic"`. The numbers are those of PIL's
 * `resize` before rounding. Colors are weighted by alpha.
 *
 * @param image a picture of 1, 3 or 4 channels
 * @param width pixels, 1 or more
 * @param height pixels, 1 or more
 * @param filter `"bilinear"` or `"bicubic"`
 * @returns a picture of that size and as many channels; the picture itself if it has the size
 * @throws {RangeError} if width or height is not a whole number of at least 1
 * @throws {TypeError} if the image's size and pixels disagree
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { resize } from "@neocog/neocog/image";
 *
 * const pixels = new Float32Array([0, 1, 1, 0]);
 * const small = resize({ width: 2, height: 2, channels: 1, pixels }, 1, 1);
 * assertEquals([...small.pixels], [0.5]);
 * ```
 */
export function resize(
  image: Image,
  width: number,
  height: number,
  filter: ResizeFilter = "bilinear",
): Image {
  checkImage(image);
  checkSize("resize an image", width, height);
  return resizedWindow(image, width, height, { left: 0, top: 0, width, height }, filter);
}

/**
 * A window of a picture that is resized to `width` × `height`. Only the window is computed: the whole
 * of a picture of 1 × 60,000 pixels would be too large for memory.
 */
export function resizedWindow(
  image: Image,
  width: number,
  height: number,
  window: Window,
  filter: ResizeFilter,
): Image {
  const same = width === image.width && height === image.height;
  if (same && window.width === width && window.height === height) return image;
  const { channels } = image;
  const across = taps(image.width, width, window.left, window.width, filter);
  const down = taps(image.height, height, window.top, window.height, filter);
  const top = down[0]!.first;
  const last = down.at(-1)!;
  const rows = last.first + last.weights.length - top;
  const seen = rowsOf(image, top, rows);
  // [rows, W, C] -> [rows, width, C] -> [height, width, C]
  let pixels = resampled(seen, rows, across, image.width, channels);
  const shifted = down.map(({ first, weights }) => ({ first: first - top, weights }));
  pixels = resampled(pixels, 1, shifted, rows, window.width * channels);
  if (channels === 4) pixels = divided(pixels);
  // A cubic overshoots at edges.
  if (filter === "bicubic") pixels = pixels.map((value) => Math.min(1, Math.max(0, value)));
  return { width: window.width, height: window.height, channels, pixels };
}

/** Rows of a picture, colors times alpha. */
function rowsOf({ width, channels, pixels }: Image, top: number, rows: number): Float32Array {
  const row = width * channels;
  const seen = pixels.subarray(top * row, (top + rows) * row);
  return channels === 4 ? premultiplied(seen) : seen;
}

/** The weights of `count` pixels from `start` on, along an axis that is resized from `from` to `to`. */
function taps(from: number, to: number, start: number, count: number, filter: ResizeFilter): Taps {
  const { reach, weight } = FILTERS[filter];
  const scale = from / to;
  const support = Math.max(1, scale);
  return Array.from({ length: count }, (_, i) => {
    const center = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.floor(center - reach * support + 0.5));
    const end = Math.min(from, Math.floor(center + reach * support + 0.5));
    const weights = Array.from(
      { length: end - first },
      (_, j) => weight(Math.abs((first + j + 0.5 - center) / support)),
    );
    const sum = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** Resamples the middle axis of `[outer, from, inner]`, summing in float64. */
function resampled(
  source: Float32Array,
  outer: number,
  taps: Taps,
  from: number,
  inner: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(outer * taps.length * inner);
  // Three colors of a pixel are summed in variables: that is the pass along the rows of most pictures.
  if (inner === 3) resampleColors(source, outer, taps, from, out);
  else resampleRows(source, outer, taps, from, inner, out);
  return out;
}

function resampleColors(
  source: Float32Array,
  outer: number,
  taps: Taps,
  from: number,
  out: Float32Array,
): void {
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < taps.length; i++) {
      const { first, weights } = taps[i]!;
      let [red, green, blue] = [0, 0, 0];
      let at = (o * from + first) * 3;
      for (let j = 0; j < weights.length; j++) {
        const weight = weights[j]!;
        red += weight * source[at]!;
        green += weight * source[at + 1]!;
        blue += weight * source[at + 2]!;
        at += 3;
      }
      out[to] = red;
      out[to + 1] = green;
      out[to + 2] = blue;
      to += 3;
    }
  }
}

function resampleRows(
  source: Float32Array,
  outer: number,
  taps: Taps,
  from: number,
  inner: number,
  out: Float32Array,
): void {
  const sums = new Float64Array(inner);
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < taps.length; i++) {
      const { first, weights } = taps[i]!;
      sums.fill(0);
      let at = (o * from + first) * inner;
      for (let j = 0; j < weights.length; j++) {
        const weight = weights[j]!;
        for (let c = 0; c < inner; c++) sums[c]! += weight * source[at++]!;
      }
      for (let c = 0; c < inner; c++) out[to++] = sums[c]!;
    }
  }
}

/** Colors times alpha: the color of a clear pixel must not bleed into its neighbors. */
function premultiplied(pixels: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(pixels, (value, i) => i % 4 === 3 ? value : value * pixels[i | 3]!);
}

function divided(pixels: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(pixels, (value, i) => {
    const alpha = pixels[i | 3]!;
    return i % 4 === 3 || alpha === 0 ? value : Math.min(1, value / alpha);
  });
}
