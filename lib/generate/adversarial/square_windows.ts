// How the square attack begins and what it tries, by L∞ and by L2.
import { fold, type Key, uniformArray } from "../../tensor/random.ts";
import type { Norm } from "./norm.ts";

/** The pixels that the attack has: of all images, `[N, H, W, C]` in row-major order. */
export type SquareImages = {
  /** The original images. */
  readonly origin: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
};

/** What the attack does to one image. */
export type Squares = {
  /** Writes the first try. */
  begin(tried: Float32Array, image: number): void;
  /** Changes a square of what is best so far. */
  move(tried: Float32Array, best: Float32Array, image: number, step: number, side: number): void;
};

/** The ways by norm. */
export const SQUARES: Readonly<
  Record<Norm, (images: SquareImages, epsilon: number, key: Key) => Squares>
> = { linf: byLargest, l2: byLength };

const clipped = (value: number): number => Math.min(1, Math.max(0, value));

/** L∞: vertical stripes of ±ε, then squares that are shifted by ±2ε within the ball. */
function byLargest(images: SquareImages, epsilon: number, key: Key): Squares {
  const { origin, height, width, channels } = images;
  const size = height * width * channels;
  const within = (value: number, at: number): number =>
    clipped(Math.min(origin[at]! + epsilon, Math.max(origin[at]! - epsilon, value)));
  return {
    begin(tried, image) {
      const row = width * channels;
      const stripes = uniformArray(fold(fold(key, "stripes"), image), row);
      for (let i = 0; i < size; i++) {
        const at = image * size + i;
        tried[at] = within(origin[at]! + (stripes[i % row]! < 0.5 ? -1 : 1) * epsilon, at);
      }
    },
    move(tried, best, image, step, side) {
      const draws = uniformArray(fold(fold(key, step), image), 2 + channels);
      const [top, left] = corner(images, side, draws);
      for (let y = top; y < top + side; y++) {
        for (let x = left; x < left + side; x++) {
          for (let c = 0; c < channels; c++) {
            const at = image * size + (y * width + x) * channels + c;
            tried[at] = within(best[at]! + (draws[2 + c]! < 0.5 ? -2 : 2) * epsilon, at);
          }
        }
      }
    },
  };
}

/** The upper left corner of a square that fits. */
function corner(
  { height, width }: SquareImages,
  side: number,
  draws: ArrayLike<number>,
  from = 0,
): readonly [top: number, left: number] {
  return [
    Math.floor(draws[from]! * (height - side + 1)),
    Math.floor(draws[from + 1]! * (width - side + 1)),
  ];
}

/**
 * L2: a mosaic of peaks, then the change's length is taken from one square and given to another, where
 * a peak is added.
 */
function byLength(images: SquareImages, epsilon: number, key: Key): Squares {
  const { origin, height, width, channels } = images;
  const size = height * width * channels;
  /** Writes the image with a change of length ε. */
  const write = (tried: Float32Array, change: Float64Array, image: number): void => {
    const length = Math.sqrt(change.reduce((sum, x) => sum + x * x, 0)) || 1;
    change.forEach((x, i) => {
      const at = image * size + i;
      tried[at] = clipped(origin[at]! + epsilon * x / length);
    });
  };
  return {
    begin(tried, image) {
      const change = new Float64Array(size);
      const side = Math.max(1, Math.floor(Math.min(height, width) / 5));
      let drawn = 0;
      for (let top = 0; top + side <= height; top += side) {
        for (let left = 0; left + side <= width; left += side) {
          const draws = uniformArray(
            fold(fold(fold(key, "mosaic"), image), drawn++),
            1 + channels,
          );
          const peaks = twoPeaks(side, draws[0]! > 0.5);
          for (let c = 0; c < channels; c++) {
            const sign = draws[1 + c]! < 0.5 ? -1 : 1;
            eachOf(images, [top, left], side, c, (at, i) => change[at]! += sign * peaks[i]!);
          }
        }
      }
      write(tried, change, image);
    },
    move(tried, best, image, step, asked) {
      // Odd, and at least 3: smaller ones have no two peaks.
      const side = Math.min(Math.max(asked, 3) | 1, height, width);
      const draws = uniformArray(fold(fold(key, step), image), 5 + channels);
      const [given, taken] = [corner(images, side, draws), corner(images, side, draws, 2)];
      const peaks = twoPeaks(side, draws[4]! > 0.5);
      const change = Float64Array.from(
        { length: size },
        (_, i) => best[image * size + i]! - origin[image * size + i]!,
      );
      const whole = change.reduce((sum, x) => sum + x * x, 0);
      const left = Math.max(0, epsilon ** 2 - whole) / channels;
      for (let c = 0; c < channels; c++) {
        const sign = draws[5 + c]! < 0.5 ? -1 : 1;
        let own = 0;
        eachOf(images, given, side, c, (at) => own += change[at]! ** 2);
        let both = own;
        eachOf(images, taken, side, c, (at, _, y, x) => {
          const isInBoth = y >= given[0] && y < given[0] + side && x >= given[1] &&
            x < given[1] + side;
          if (!isInBoth) both += change[at]! ** 2;
        });
        const fresh = new Float64Array(side * side);
        eachOf(images, given, side, c, (at, i) => {
          fresh[i] = sign * peaks[i]! + change[at]! / (1e-12 + Math.sqrt(own));
        });
        const length = 1e-12 + Math.sqrt(fresh.reduce((sum, x) => sum + x * x, 0));
        const wanted = Math.sqrt(left + both);
        eachOf(images, taken, side, c, (at) => change[at] = 0);
        eachOf(images, given, side, c, (at, i) => change[at] = fresh[i]! / length * wanted);
      }
      write(tried, change, image);
    },
  };
}

/** Calls for each pixel of a square of one channel: with its place in an image, and in the square. */
function eachOf(
  { width, channels }: SquareImages,
  [top, left]: readonly [number, number],
  side: number,
  channel: number,
  visit: (at: number, index: number, y: number, x: number) => void,
): void {
  for (let i = 0; i < side * side; i++) {
    const [y, x] = [top + Math.floor(i / side), left + i % side];
    visit((y * width + x) * channels + channel, i, y, x);
  }
}

/**
 * A peak and a trough side by side, of length 1 together: the paper's η.
 *
 * @param isTurned whether they are left and right, rather than above and below
 */
export function twoPeaks(side: number, isTurned: boolean): Float64Array {
  const upper = Math.floor(side / 2);
  const values = [...peak(upper, side), ...peak(side - upper, side).map((x) => -x)];
  const length = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0)) || 1;
  return Float64Array.from({ length: side * side }, (_, i) => {
    const at = isTurned ? (i % side) * side + Math.floor(i / side) : i;
    return values[at]! / length;
  });
}

/** Squares within each other, of 1 / k² each, in a rectangle, of length 1. */
function peak(height: number, width: number): number[] {
  const values = new Array<number>(height * width).fill(0);
  const [middle, center] = [Math.floor(height / 2), Math.floor(width / 2)];
  for (let k = 0; k < Math.max(middle, center) + 1; k++) {
    for (let y = Math.max(0, middle - k); y < Math.min(height, middle + k + 1); y++) {
      for (let x = Math.max(0, center - k); x < Math.min(width, center + k + 1); x++) {
        values[y * width + x]! += 1 / (k + 1) ** 2;
      }
    }
  }
  const length = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0)) || 1;
  return values.map((x) => x / length);
}
