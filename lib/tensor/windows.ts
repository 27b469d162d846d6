// Windows that slide over images: where each lies, and how many there are.
import type { Tensor4D } from "./tensor.ts";

/** A window and how it slides. */
export type Windows = {
  /** Height and width. */
  readonly size: readonly [number, number];
  /** Step, down and across. */
  readonly stride: readonly [number, number];
  /** `"same"`, `"valid"`, or pixels on every side, fewer than the window has. */
  readonly padding: "same" | "valid" | number;
};

/** Windows over images of one size: window i begins at pixel i · stride − before. */
export type WindowGrid = {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Pixels above the first row of windows and left of the first column. */
  readonly before: readonly [number, number];
  /** Height and width of the images. */
  readonly input: readonly [number, number];
  /** Rows and columns of windows. */
  readonly output: readonly [number, number];
};

/**
 * Lays windows over images; `"same"` as in TensorFlow, the odd pixel at the end.
 *
 * @param x images `[N, H, W, C]`
 * @param windows size, stride, padding
 */
export function gridOf(x: Tensor4D, { size, stride, padding }: Windows): WindowGrid {
  const along = (axis: 0 | 1): [before: number, count: number] => {
    const length = x.shape[axis + 1]!;
    const [reach, step] = [size[axis], stride[axis]];
    if (padding === "same") {
      const count = Math.ceil(length / step);
      return [Math.floor(Math.max(0, (count - 1) * step + reach - length) / 2), count];
    }
    const before = padding === "valid" ? 0 : padding;
    return [before, Math.max(0, Math.floor((length + 2 * before - reach) / step) + 1)];
  };
  const [down, across] = [along(0), along(1)];
  return {
    size,
    stride,
    before: [down[0], across[0]],
    input: [x.shape[1], x.shape[2]],
    output: [down[1], across[1]],
  };
}

/**
 * Calls `visit` for each pixel that each window covers, of each image and channel:
 * the windows' plain meaning, for kernels on the host.
 *
 * @param grid the windows
 * @param images number of images
 * @param channels number of channels
 * @param visit given the places of window and pixel in their tensors, and the pixel's number `u · width + v` in the window
 */
export function eachCovered(
  { size, stride, before, input, output }: WindowGrid,
  images: number,
  channels: number,
  visit: (window: number, pixel: number, tap: number) => void,
): void {
  for (let place = 0; place < images * output[0] * output[1]; place++) {
    const j = place % output[1];
    const i = Math.floor(place / output[1]) % output[0];
    const image = Math.floor(place / (output[0] * output[1]));
    for (let tap = 0; tap < size[0] * size[1]; tap++) {
      const y = i * stride[0] - before[0] + Math.floor(tap / size[1]);
      const x = j * stride[1] - before[1] + tap % size[1];
      if (y < 0 || y >= input[0] || x < 0 || x >= input[1]) continue;
      const pixel = ((image * input[0] + y) * input[1] + x) * channels;
      for (let c = 0; c < channels; c++) visit(place * channels + c, pixel + c, tap);
    }
  }
}

/**
 * For each window of a row or column the pixels it covers: edges cut windows short.
 *
 * @param grid the windows
 * @param axis 0 down, 1 across
 */
export function coveredAlong(
  { size, stride, before, input, output }: WindowGrid,
  axis: 0 | 1,
): number[] {
  return Array.from({ length: output[axis] }, (_, place) => {
    const start = place * stride[axis] - before[axis];
    return Math.min(start + size[axis], input[axis]) - Math.max(start, 0);
  });
}
