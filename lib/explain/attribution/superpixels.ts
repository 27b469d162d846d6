// SLIC: an image divided into parts of similar color.
import { requireOptions, requirePositive, requireWhole } from "../../text/require.ts";

/** Options of {@linkcode superpixels}. */
export type SuperpixelsOptions = {
  /** About how many parts, from 1. Default: 50. */
  readonly count?: number;
  /** How much nearness counts against color, above 0: high makes squares. Default: 10. */
  readonly compactness?: number;
  /** How many rounds, from 1. Default: 10. */
  readonly rounds?: number;
};

/**
 * Divides an image into connected parts of about the same size, which follow its edges: k-means in
 * the space of color and place, where each center looks at its surroundings alone (Achanta, Shaji,
 * Smith, Lucchi, Fua and Süsstrunk, "SLIC Superpixels Compared to State-of-the-Art Superpixel
 * Methods", 2012). Of three channels the color is CIELAB of sRGB, else it is the channels times 100.
 * Parts of less than a quarter of the mean size are joined to a neighbor.
 *
 * @param pixels `[height, width, channels]` from 0 to 1, row by row
 * @param shape height, width and channels
 * @param options count, compactness, rounds
 * @returns the part of each pixel, from 0, `[height, width]`
 * @throws {TypeError} if there is another number of pixels
 * @throws {RangeError} if an option is out of its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { superpixels } from "@neocog/neocog/explain";
 *
 * const pixels = Float32Array.of(0, 0, 1, 1, 0, 0, 1, 1);
 * assertEquals([...superpixels(pixels, [2, 4, 1], { count: 2 })], [0, 0, 1, 1, 0, 0, 1, 1]);
 * ```
 */
export function superpixels(
  pixels: Float32Array,
  shape: readonly [height: number, width: number, channels: number],
  options: SuperpixelsOptions = {},
): Int32Array {
  requireOptions("divide an image into superpixels", options, {
    count: true,
    compactness: true,
    rounds: true,
  });
  const { count = 50, compactness = 10, rounds = 10 } = options;
  const [height, width, channels] = shape;
  if (pixels.length !== height * width * channels || pixels.length === 0) {
    throw new TypeError(
      `Cannot divide an image: its pixels must be [${shape}], at least one, got ${pixels.length}`,
    );
  }
  requireWhole("divide an image", "the count", count);
  requireWhole("divide an image", "the rounds", rounds);
  requirePositive("divide an image", "the compactness", compactness);
  const colors = channels === 3 ? labOf(pixels) : pixels.map((value) => 100 * value);
  const labels = clustered({ colors, height, width, channels }, count, compactness, rounds);
  return connected(labels, height, width, height * width / count / 4);
}

type Colors = {
  readonly colors: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
};

/** The nearest center of each pixel, after some rounds of k-means. */
function clustered(
  { colors, height, width, channels }: Colors,
  count: number,
  compactness: number,
  rounds: number,
): Int32Array {
  const spacing = Math.sqrt(height * width / count);
  const down = Math.max(1, Math.round(height / spacing));
  const across = Math.max(1, Math.round(width / spacing));
  const size = channels + 2;
  // Each center is its color, its row and its column.
  const centers = new Float64Array(down * across * size);
  for (let i = 0; i < down * across; i++) {
    const row = (Math.floor(i / across) + 0.5) * height / down - 0.5;
    const column = (i % across + 0.5) * width / across - 0.5;
    const at = Math.round(row) * width + Math.round(column);
    for (let c = 0; c < channels; c++) centers[i * size + c] = colors[at * channels + c]!;
    centers.set([row, column], i * size + channels);
  }
  const labels = new Int32Array(height * width);
  const weight = (compactness / spacing) ** 2;
  const reach = Math.ceil(2 * Math.max(height / down, width / across));
  for (let round = 0; round < rounds; round++) {
    const nearest = new Float64Array(height * width).fill(Infinity);
    for (let i = 0; i < down * across; i++) {
      const own = centers.subarray(i * size, (i + 1) * size);
      const [row, column] = [own[channels]!, own[channels + 1]!];
      const bottom = Math.min(height - 1, Math.floor(row + reach));
      const right = Math.min(width - 1, Math.floor(column + reach));
      for (let y = Math.max(0, Math.ceil(row - reach)); y <= bottom; y++) {
        for (let x = Math.max(0, Math.ceil(column - reach)); x <= right; x++) {
          const at = y * width + x;
          let distance = weight * ((y - row) ** 2 + (x - column) ** 2);
          for (let c = 0; c < channels; c++) {
            distance += (colors[at * channels + c]! - own[c]!) ** 2;
          }
          if (distance >= nearest[at]!) continue;
          nearest[at] = distance;
          labels[at] = i;
        }
      }
    }
    moveCenters(centers, labels, colors, width, channels);
  }
  return labels;
}

/** Each center becomes the mean of its pixels; one without any stays. */
function moveCenters(
  centers: Float64Array,
  labels: Int32Array,
  colors: Float32Array,
  width: number,
  channels: number,
): void {
  const size = channels + 2;
  const sums = new Float64Array(centers.length);
  const counts = new Uint32Array(centers.length / size);
  labels.forEach((label, at) => {
    for (let c = 0; c < channels; c++) sums[label * size + c]! += colors[at * channels + c]!;
    sums[label * size + channels]! += Math.floor(at / width);
    sums[label * size + channels + 1]! += at % width;
    counts[label]!++;
  });
  sums.forEach((sum, i) => {
    const among = counts[Math.floor(i / size)]!;
    if (among > 0) centers[i] = sum / among;
  });
}

/** Connected parts, numbered row by row; those of less than `least` pixels join the one before. */
function connected(labels: Int32Array, height: number, width: number, least: number): Int32Array {
  const parts = new Int32Array(labels.length).fill(-1);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (parts[start]! >= 0) continue;
    const found = [start];
    parts[start] = count;
    let beside = -1;
    for (let next = 0; next < found.length; next++) {
      for (const at of neighbors(found[next]!, height, width)) {
        if (parts[at] === -1 && labels[at] === labels[start]) {
          parts[at] = count;
          found.push(at);
        } else if (parts[at]! >= 0 && parts[at] !== count) beside = parts[at]!;
      }
    }
    if (found.length < least && beside >= 0) found.forEach((at) => parts[at] = beside);
    else count++;
  }
  return parts;
}

function neighbors(at: number, height: number, width: number): number[] {
  const [row, column] = [Math.floor(at / width), at % width];
  return [
    ...(row > 0 ? [at - width] : []),
    ...(column > 0 ? [at - 1] : []),
    ...(column < width - 1 ? [at + 1] : []),
    ...(row < height - 1 ? [at + width] : []),
  ];
}

/** CIELAB (D65) of sRGB from 0 to 1. */
function labOf(pixels: Float32Array): Float32Array {
  const lab = new Float32Array(pixels.length);
  const linear = (value: number): number =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const bent = (value: number): number =>
    value > 216 / 24389 ? Math.cbrt(value) : (24389 / 27 * value + 16) / 116;
  for (let i = 0; i < pixels.length; i += 3) {
    const [r, g, b] = [linear(pixels[i]!), linear(pixels[i + 1]!), linear(pixels[i + 2]!)];
    const x = bent((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const y = bent(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = bent((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    lab.set([116 * y - 16, 500 * (x - y), 200 * (y - z)], i);
  }
  return lab;
}
