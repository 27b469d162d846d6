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
  /** Whether a rest that no window fills is left out, or gets a window cut short. Default: `"floor"`. */
  readonly rounding?: "floor" | "ceil";
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
 * How many windows lie along an axis, and where the first begins.
 *
 * @param length pixels of the axis
 * @param reach pixels from a window's first to its last, both counted
 * @param step from one window to the next
 * @param padding `"same"` as in TensorFlow, the odd pixel at the end; or as {@linkcode Windows} has it
 * @param rounding whether a rest at the end gets a window of its own, cut short by the edge;
 *   as in PyTorch, such a window begins in the image or the padding before it
 * @returns pixels before the axis that the first window covers, and the number of windows
 */
export function windowsAlong(
  length: number,
  reach: number,
  step: number,
  padding: Windows["padding"],
  rounding: "floor" | "ceil" = "floor",
): { readonly before: number; readonly count: number } {
  if (padding === "same") {
    const count = Math.ceil(length / step);
    const before = Math.floor(Math.max(0, (count - 1) * step + reach - length) / 2);
    return { before, count };
  }
  const before = padding === "valid" ? 0 : padding;
  const steps = Math[rounding]((length + 2 * before - reach) / step);
  const last = rounding === "ceil" && steps * step >= length + before ? steps - 1 : steps;
  return { before, count: Math.max(0, last + 1) };
}

/**
 * Lays windows over images.
 *
 * @param x images `[N, H, W, C]`
 */
export function gridOf(x: Tensor4D, windows: Windows): WindowGrid {
  const { size, stride, padding, rounding } = windows;
  const [down, across] = ([0, 1] as const).map((axis) =>
    windowsAlong(x.shape[axis + 1]!, size[axis], stride[axis], padding, rounding)
  ) as [ReturnType<typeof windowsAlong>, ReturnType<typeof windowsAlong>];
  return {
    size,
    stride,
    before: [down.before, across.before],
    input: [x.shape[1], x.shape[2]],
    output: [down.count, across.count],
  };
}

/**
 * Calls `visit` for each pixel that each window covers, of each image and channel:
 * the windows' plain meaning, for kernels on the host.
 *
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
 * @param axis 0 down, 1 across
 * @param frame pixels around the images that count as covered. Default: 0
 */
export function coveredAlong(
  { size, stride, before, input, output }: WindowGrid,
  axis: 0 | 1,
  frame = 0,
): number[] {
  return Array.from({ length: output[axis] }, (_, place) => {
    const start = place * stride[axis] - before[axis];
    const end = Math.min(start + size[axis], input[axis] + frame);
    return Math.max(0, end - Math.max(start, -frame));
  });
}
