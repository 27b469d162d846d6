// What layers declare about their work: operations, and the part of the input behind each output.
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { windowsAlong } from "../tensor/windows.ts";
import type { Window } from "./window.ts";

/**
 * A window over an input: the first one begins `before` pixels above and left of it. Where windows lie
 * unevenly, as if they were at an even stride and a fraction of a pixel larger, so that each is inside.
 */
export type PlacedWindow = {
  /** Height and width. */
  readonly size: readonly [number, number];
  /** Step, down and across. */
  readonly stride: readonly [number, number];
  /** Distance of neighboring taps, down and across. */
  readonly dilation: readonly [number, number];
  /** Pixels above the input and left of it that the first window covers. */
  readonly before: readonly [number, number];
};

/** What one call of a layer costs, for one example and without training. */
export type Cost = {
  /**
   * Floating-point operations. A multiply-add is two, anything else (an addition, a comparison,
   * a function of one number) is one; a bias counts nothing, as the first product is added to it.
   * Of a layer made of layers: those besides theirs.
   */
  readonly flops: number;
  /**
   * The part of the input that each position of the output depends on: a window, or `"all"` of it.
   * Default: the same position alone.
   */
  readonly window?: PlacedWindow | "all";
  /** Whether the output shares its input's memory. Default: `false`. */
  readonly view?: boolean;
};

/**
 * The cost of an elementwise layer.
 *
 * @param shape the output's shape
 * @param flops operations for each number
 */
export function costOfEach(shape: Shape, flops: number): Cost {
  return { flops: flops * sizeOf(shape) };
}

/**
 * A checked window, placed over an input.
 *
 * @param shape the input, `[H, W, C]`
 */
export function placeWindow(window: Window, shape: Shape): PlacedWindow {
  const { size, stride, dilation, padding, rounding } = window;
  const [top, left] = ([0, 1] as const).map((axis) => {
    const reach = (size[axis] - 1) * dilation[axis] + 1;
    return windowsAlong(shape[axis]!, reach, stride[axis], padding, rounding).before;
  });
  return { size, stride, dilation, before: [top!, left!] };
}

/** Windows along an axis, each from its first pixel up to but not including the last. */
export type Spans = readonly (readonly [start: number, end: number])[];

/**
 * Windows that are given one by one, as a window at their mean stride that has each of them.
 *
 * @param shape the input, `[H, W, C]`
 * @param spans those down and across
 */
export function placeSpans([height, width]: Shape, spans: readonly [Spans, Spans]): PlacedWindow {
  const along = ([length, own]: readonly [number, Spans]) => {
    const stride = length / own.length;
    const before = Math.max(...own.map(([start], i) => i * stride - start));
    const after = Math.max(...own.map(([_, end], i) => end - i * stride));
    return { stride, before, size: before + after };
  };
  const [down, across] = [along([height!, spans[0]]), along([width!, spans[1]])];
  return {
    size: [down.size, across.size],
    stride: [down.stride, across.stride],
    dilation: [1, 1],
    before: [down.before, across.before],
  };
}
