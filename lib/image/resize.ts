// Resizes pictures: bilinear, and where they shrink averaged over what each pixel covers.
import { checkImage, checkSize, type Image } from "./image.ts";

/** For each pixel of the result along one axis: the first source pixel, and the weights from there. */
type Taps = readonly { readonly first: number; readonly weights: readonly number[] }[];

/**
 * Resizes a picture, without keeping its proportions.
 *
 * The weight of a source pixel is max(0, 1 − |d| / s), d its distance from the result's pixel
 * in source pixels, s the larger of 1 and the scale, divided by the sum of the weights: linear
 * interpolation where the picture grows, and no aliasing where it shrinks. These are the
 * numbers of PIL's `resize(…, BILINEAR)` before it rounds them. Colours count by their alpha.
 *
 * @param image a picture of 1, 3 or 4 channels
 * @param width pixels, 1 or more
 * @param height pixels, 1 or more
 * @returns a picture of that size and as many channels; the picture itself where it has the size
 * @throws {RangeError} where width or height is no whole number from 1
 * @throws {TypeError} where the image's size and pixels disagree
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { resize } from "@neocog/neocog";
 *
 * const pixels = new Float32Array([0, 1, 1, 0]);
 * const small = resize({ width: 2, height: 2, channels: 1, pixels }, 1, 1);
 * assertEquals([...small.pixels], [0.5]);
 * ```
 */
export function resize(image: Image, width: number, height: number): Image {
  checkImage(image);
  checkSize("resize an image", width, height);
  if (width === image.width && height === image.height) return image;
  const { channels } = image;
  let pixels = channels === 4 ? premultiplied(image.pixels) : image.pixels;
  // [H, W, C] -> [H, width, C] -> [height, width, C]
  pixels = resampled(pixels, image.height, taps(image.width, width), image.width, channels);
  pixels = resampled(pixels, 1, taps(image.height, height), image.height, width * channels);
  return { width, height, channels, pixels: channels === 4 ? divided(pixels) : pixels };
}

/** The weights along an axis of `from` pixels that becomes one of `to`. */
function taps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = Array.from(
      { length: end - first },
      (_, j) => Math.max(0, 1 - Math.abs((first + j + 0.5 - centre) / support)),
    );
    const sum = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** Resamples the middle axis of `[outer, from, inner]`. */
function resampled(
  source: Float32Array,
  outer: number,
  taps: Taps,
  from: number,
  inner: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(outer * taps.length * inner);
  const sums = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    taps.forEach(({ first, weights }, i) => {
      sums.fill(0);
      weights.forEach((weight, j) => {
        const at = (o * from + first + j) * inner;
        for (let c = 0; c < inner; c++) sums[c]! += weight * source[at + c]!;
      });
      out.set(sums, (o * taps.length + i) * inner);
    });
  }
  return out;
}

/** Colours times alpha: the colour of a clear pixel must not bleed into its neighbours. */
function premultiplied(pixels: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(pixels, (value, i) => i % 4 === 3 ? value : value * pixels[i | 3]!);
}

function divided(pixels: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(pixels, (value, i) => {
    const alpha = pixels[i | 3]!;
    return i % 4 === 3 || alpha === 0 ? value : Math.min(1, value / alpha);
  });
}
