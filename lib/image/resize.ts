// Resizes pictures as PIL does, with antialiasing.
import {
  checkImage,
  checkSize,
  type Image,
  imageOf,
  type Raster,
  whiteOf,
  type Window,
} from "./image.ts";

/** How pixels are interpolated. */
export type ResizeFilter = "bilinear" | "bicubic";

/**
 * For each pixel of the result along one axis: the first source pixel, and where the weights from it on
 * begin; the next pixel's begin where they end.
 */
type Taps = {
  readonly firsts: Int32Array;
  readonly starts: Int32Array;
  readonly weights: Float64Array;
};

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
 *
 * @param alpha whether colors are weighted by it, or it is dropped
 */
export function resizedWindow(
  image: Raster,
  width: number,
  height: number,
  window: Window,
  filter: ResizeFilter,
  alpha: "weighs" | "dropped" = "weighs",
): Image {
  const channels = image.channels === 4 && alpha === "dropped" ? 3 : image.channels;
  const same = width === image.width && height === image.height;
  if (same && window.width === width && window.height === height && channels === image.channels) {
    return imageOf(image);
  }
  const white = whiteOf(image.pixels);
  const across = taps(image.width, width, window.left, window.width, filter, white);
  const down = taps(image.height, height, window.top, window.height, filter, 1);
  const top = down.firsts[0]!;
  const rows = down.firsts.at(-1)! + down.weights.length - down.starts.at(-2)! - top;
  // [rows, W, C] -> [rows, width, C] -> [height, width, C]
  const inner = window.width * channels;
  const narrow = new Float32Array(rows * inner);
  const row = new Float32Array(image.width * image.channels);
  for (let y = 0; y < rows; y++) {
    readRow(image, top + y, channels, row);
    resampleRow(row, across, channels, narrow, y * inner);
  }
  let pixels = resampledRows(narrow, down, top, inner);
  if (channels === 4) pixels = divided(pixels);
  // A cubic overshoots at edges.
  if (filter === "bicubic") pixels = pixels.map((value) => Math.min(1, Math.max(0, value)));
  return { width: window.width, height: window.height, channels, pixels };
}

/** A row of a picture: colors times alpha, or without it if fewer channels are kept. */
function readRow(
  { width, channels, pixels }: Raster,
  y: number,
  kept: number,
  row: Float32Array,
): void {
  row.set(pixels.subarray(y * width * channels, (y + 1) * width * channels));
  if (channels < 4) return;
  if (kept === 4) premultiply(row, whiteOf(pixels));
  else {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) row[3 * x + c] = row[4 * x + c]!;
    }
  }
}

/**
 * The weights of `count` pixels from `start` on, along an axis that is resized from `from` to `to`,
 * divided by the value of white.
 */
function taps(
  from: number,
  to: number,
  start: number,
  count: number,
  filter: ResizeFilter,
  white: number,
): Taps {
  const { reach, weight } = FILTERS[filter];
  const scale = from / to;
  const support = Math.max(1, scale);
  const firsts = new Int32Array(count);
  const starts = new Int32Array(count + 1);
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    const center = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.floor(center - reach * support + 0.5));
    const end = Math.min(from, Math.floor(center + reach * support + 0.5));
    const own = Array.from(
      { length: end - first },
      (_, j) => weight(Math.abs((first + j + 0.5 - center) / support)),
    );
    const sum = own.reduce((sum, weight) => sum + weight, 0);
    for (const weight of own) weights.push(weight / (sum * white));
    firsts[i] = first;
    starts[i + 1] = weights.length;
  }
  return { firsts, starts, weights: Float64Array.from(weights) };
}

/** Resamples a row, summing in float64; `to` is where its first number goes. */
function resampleRow(
  row: Float32Array,
  taps: Taps,
  channels: number,
  out: Float32Array,
  to: number,
): void {
  if (channels === 3) return resampleColors(row, taps, out, to);
  const { firsts, starts, weights } = taps;
  for (let i = 0; i < firsts.length; i++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      let at = firsts[i]! * channels + c;
      for (let j = starts[i]!; j < starts[i + 1]!; j++) {
        sum += weights[j]! * row[at]!;
        at += channels;
      }
      out[to++] = sum;
    }
  }
}

/** The same of three channels, which are summed side by side: most pictures have them. */
function resampleColors(
  row: Float32Array,
  { firsts, starts, weights }: Taps,
  out: Float32Array,
  to: number,
): void {
  for (let i = 0; i < firsts.length; i++) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let at = firsts[i]! * 3;
    const end = starts[i + 1]!;
    for (let j = starts[i]!; j < end; j++) {
      const weight = weights[j]!;
      red += weight * row[at]!;
      green += weight * row[at + 1]!;
      blue += weight * row[at + 2]!;
      at += 3;
    }
    out[to] = red;
    out[to + 1] = green;
    out[to + 2] = blue;
    to += 3;
  }
}

/** Resamples the rows from `top` on, of `inner` numbers each, to new rows, summing in float64. */
function resampledRows(
  source: Float32Array,
  { firsts, starts, weights }: Taps,
  top: number,
  inner: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(firsts.length * inner);
  const sums = new Float64Array(inner);
  for (let i = 0; i < firsts.length; i++) {
    sums.fill(0);
    let at = (firsts[i]! - top) * inner;
    for (let j = starts[i]!; j < starts[i + 1]!; j++) {
      const weight = weights[j]!;
      for (let c = 0; c < inner; c++) sums[c]! += weight * source[at++]!;
    }
    out.set(sums, i * inner);
  }
  return out;
}

/** Colors times alpha: the color of a clear pixel must not bleed into its neighbors. */
function premultiply(row: Float32Array, white: number): void {
  for (let i = 0; i < row.length; i += 4) {
    for (let c = 0; c < 3; c++) row[i + c]! *= row[i + 3]! / white;
  }
}

function divided(pixels: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(pixels, (value, i) => {
    const alpha = pixels[i | 3]!;
    return i % 4 === 3 || alpha === 0 ? value : Math.min(1, value / alpha);
  });
}
