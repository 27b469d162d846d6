// Affine maps of images on the host: each pixel of the result reads four, and gives back to the same four.
import type { HostTensor } from "./host_kernel.ts";

/** Attributes of both kernels. */
export type WarpAttributes = {
  /** Whether the image is continued by its mirror image. */
  readonly reflects: boolean;
  /** What lies outside otherwise. */
  readonly outside: number;
};

/** A pixel that one of the result reads, and how much of it. */
type Tap = { readonly place: number; readonly share: number };

/**
 * The images through the map.
 *
 * @param images `[N, H, W, C]`
 */
export function warpHost(
  images: HostTensor,
  map: HostTensor,
  attributes: WarpAttributes,
): HostTensor {
  const { values, shape } = images;
  const result = new Float32Array(values.length);
  overPixels(shape, map, attributes, (at, taps, channels, base) => {
    const outside = attributes.outside * (1 - taps.reduce((sum, { share }) => sum + share, 0));
    for (let c = 0; c < channels; c++) {
      let sum = attributes.reflects ? 0 : outside;
      for (const { place, share } of taps) sum += share * values[base + place * channels + c]!;
      result[base + at * channels + c] = sum;
    }
  });
  return { values: result, shape };
}

/**
 * The gradient by the images.
 *
 * @param dy slopes of the result, `[N, H, W, C]`
 */
export function warpGradientHost(
  dy: HostTensor,
  map: HostTensor,
  attributes: WarpAttributes,
): HostTensor {
  const { values, shape } = dy;
  const result = new Float64Array(values.length);
  overPixels(shape, map, attributes, (at, taps, channels, base) => {
    for (const { place, share } of taps) {
      for (let c = 0; c < channels; c++) {
        result[base + place * channels + c]! += share * values[base + at * channels + c]!;
      }
    }
  });
  return { values: Float32Array.from(result), shape };
}

/** Calls for each pixel of each image with those it reads. */
function overPixels(
  shape: readonly number[],
  map: HostTensor,
  attributes: WarpAttributes,
  visit: (at: number, taps: readonly Tap[], channels: number, base: number) => void,
): void {
  const [count, height, width, channels] = shape as [number, number, number, number];
  const size = height * width;
  const ownMaps = map.values.length / 6;
  for (let own = 0; own < ownMaps; own++) {
    // A map of all images is looked through once for all of them.
    const [from, to] = ownMaps === 1 ? [0, count] : [own, own + 1];
    for (let at = 0; at < size; at++) {
      const taps = tapsOf(at, map.values.subarray(own * 6, own * 6 + 6), height, width, attributes);
      for (let n = from; n < to; n++) visit(at, taps, channels, n * size * channels);
    }
  }
}

/** The pixels that one of the result reads, at most four. */
function tapsOf(
  at: number,
  map: Float32Array,
  height: number,
  width: number,
  attributes: WarpAttributes,
): Tap[] {
  const [a, b, c, d, e, f] = Array.from(map) as [number, number, number, number, number, number];
  const [x, y] = [at % width, Math.floor(at / width)];
  const columns = readAt(a * x + b * y + c, width, attributes);
  const rows = readAt(d * x + e * y + f, height, attributes);
  return rows.flatMap((row) =>
    columns.map((column) => ({
      place: row.place * width + column.place,
      share: row.share * column.share,
    }))
  );
}

/** The one or two pixels along an axis that a position lies between, those outside left out. */
function readAt(position: number, size: number, { reflects }: WarpAttributes): Tap[] {
  const first = Math.floor(position);
  return [
    { place: first, share: 1 - (position - first) },
    { place: first + 1, share: position - first },
  ].map(({ place, share }) => ({ place: reflects ? reflected(place, size) : place, share }))
    .filter(({ place }) => place >= 0 && place < size);
}

/** The pixel of an axis that its mirror images show at a place. */
function reflected(place: number, size: number): number {
  const period = 2 * (size - 1);
  const within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}
