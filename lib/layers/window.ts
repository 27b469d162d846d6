// What layers that slide a window share: checked options and output sizes (§12.4).
import { requireWhole } from "../text/require.ts";
import type { Shape } from "../tensor/tensor.ts";
import { windowsAlong } from "../tensor/windows.ts";
import { withArticle } from "../text/article.ts";

/** One number for both, or one down and one across. */
export type Pair = number | readonly [down: number, across: number];

/** Zeros around the input: to keep the size (at stride 1), none, or so many pixels on every side. */
export type Padding = "same" | "valid" | number;

/** A window and how it slides, checked. */
export type Window = {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: Padding;
  readonly dilation: readonly [number, number];
  readonly rounding: Rounding;
};

/** What happens to pixels at the end that no window fills: left out, or a window that is cut short. */
export type Rounding = "floor" | "ceil";

/** Options of layers that slide a window. */
export type WindowOptions = {
  readonly size: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation?: Pair;
  readonly rounding?: Rounding;
};

/**
 * Checks a window's options.
 *
 * @throws {RangeError} if one is not a whole number in its range
 */
export function checkWindow(layer: string, options: WindowOptions): Window {
  const { padding, rounding = "floor" } = options;
  if (padding !== "same" && padding !== "valid") {
    const name = typeof padding === "number" ? "padding" : `padding, if not "same" or "valid",`;
    requireWhole(`make ${withArticle(layer)} layer`, `its ${name}`, padding, 0);
  }
  if (rounding !== "floor" && rounding !== "ceil") {
    throw new RangeError(
      `Cannot make ${
        withArticle(layer)
      } layer: its rounding must be "floor" or "ceil", got ${rounding}`,
    );
  }
  return {
    size: checkPair(layer, "size", options.size),
    stride: checkPair(layer, "stride", options.stride),
    padding,
    dilation: checkPair(layer, "dilation", options.dilation ?? 1),
    rounding,
  };
}

/**
 * Spells a pair out.
 *
 * @param least the smallest allowed number. Default: 1
 * @throws {RangeError} if one is not a whole number in its range
 */
export function checkPair(layer: string, name: string, value: Pair, least = 1): [number, number] {
  const [down, across] = Array.isArray(value) ? value : [value, value];
  const require = (length: number): number =>
    requireWhole(`make ${withArticle(layer)} layer`, `its ${name}`, length, least);
  return [require(down), require(across)];
}

/**
 * Shape of a window layer's output, `[H', W', features]`. If the windows do not fill the input, the
 * rest at the end is left out, as in Keras and PyTorch, unless rounded up.
 *
 * @param shape the input, `[H, W, C]`
 * @throws {TypeError} if the input is not an image
 * @throws {RangeError} if the window is larger than the padded input
 */
export function slide(layer: string, window: Window, shape: Shape, features: number): Shape {
  requireImage(layer, shape);
  const [height, width] = [0, 1].map((axis) => {
    const length = shape[axis]!;
    const reach = (window.size[axis]! - 1) * window.dilation[axis]! + 1;
    const { padding, rounding } = window;
    const padded = length + 2 * (typeof padding === "number" ? padding : 0);
    if (padding !== "same" && reach > padded) {
      throw new RangeError(
        `Cannot apply ${
          withArticle(layer)
        } layer to [${shape}]: its window must fit into the padded input, got ${reach} over ${padded}`,
      );
    }
    return windowsAlong(length, reach, window.stride[axis]!, padding, rounding).count;
  });
  return [height!, width!, features];
}

/**
 * @throws {TypeError} if a shape has no last axis, of features
 */
export function requireFeatures(layer: string, shape: Shape): void {
  if (shape.length > 0) return;
  throw new TypeError(
    `Cannot apply ${
      withArticle(layer)
    } layer: its input must have features along its last axis, got []`,
  );
}

/**
 * @throws {TypeError} if a shape is not that of an image, `[H, W, C]`
 * @throws {RangeError} if a size is not a whole number of at least 1
 */
export function requireImage(layer: string, shape: Shape): void {
  if (shape.length !== 3) {
    throw new TypeError(
      `Cannot apply ${
        withArticle(layer)
      } layer: its input must be [height, width, channels], got [${shape}]`,
    );
  }
  requireSizes(layer, shape);
}

/**
 * @throws {RangeError} if a size of a shape is not a whole number of at least 1
 */
export function requireSizes(layer: string, shape: Shape): void {
  if (!shape.every((size) => Number.isInteger(size) && size >= 1)) {
    throw new RangeError(
      `Cannot apply ${
        withArticle(layer)
      } layer: its input's sizes must be whole numbers of at least 1, got [${shape}]`,
    );
  }
}
