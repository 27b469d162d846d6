// The largest number of each window, with a gradient by which one that was.
import { isRecording } from "./grad.ts";
import { registerHostKernel } from "./host_kernel.ts";
import type { Tensor, Tensor4D } from "./tensor.ts";
import { tf } from "./tf.ts";
import { eachCovered, gridOf, type WindowGrid, type Windows } from "./windows.ts";

/** The name of the operation among tfjs's kernels: `x` → the maxima and, if asked for, switches. */
export const MAX_WINDOWS = "NeocogMaxWindows";

/** The name of its gradient: `dy` and switches → `dx`. */
export const MAX_WINDOWS_GRADIENT = "NeocogMaxWindowsGrad";

/** Attributes of the kernel. */
export type MaxWindowsAttributes = WindowGrid & {
  /** Whether the place of each maximum in its window is returned too. */
  readonly switches: boolean;
  /** Whether the maxima are of max(0, x): a window without a positive number has no winner. */
  readonly rectify: boolean;
};

/** Attributes of the gradient's kernel. */
export type MaxWindowsGradientAttributes = WindowGrid & {
  /** Shape of the images. */
  readonly shape: readonly number[];
};

/**
 * The largest number of each window; what lies outside the images does not count.
 * Where a gradient is being recorded, the place of the largest in its window is
 * kept, and not the images: the first of equals, and NaN before any number.
 *
 * @param x images `[N, H, W, C]`
 * @param rectify whether a ReLU comes first: of its gradient no pass is left, as a
 *   window in which nothing is positive passes nothing on. Default: false
 * @returns the maxima, `[N, H', W', C]`
 */
export function maxWindows(x: Tensor4D, windows: Windows, rectify = false): Tensor4D {
  const attributes: MaxWindowsAttributes = {
    ...gridOf(x, windows),
    switches: isRecording(),
    rectify,
  };
  const results = tf.engine().runKernel(MAX_WINDOWS, { x }, attributes) as Tensor4D | Tensor4D[];
  return Array.isArray(results) ? results[0]! : results;
}

tf.registerGradient({
  kernelName: MAX_WINDOWS,
  outputsToSave: [false, true],
  gradFunc: (slopes, saved, attributes) => ({
    x: () => {
      const dy = (slopes as Tensor[])[0]!;
      const { input } = attributes as unknown as MaxWindowsAttributes;
      const shape = [dy.shape[0]!, ...input, dy.shape[3]!];
      const inputs = { dy, switches: saved[0]! };
      return tf.engine().runKernel(MAX_WINDOWS_GRADIENT, inputs, { ...attributes, shape });
    },
  }),
});

registerHostKernel<MaxWindowsAttributes>(MAX_WINDOWS, ({ x }, attributes) => {
  const { values, shape: [images, , , channels] } = x!;
  const shape = [images!, ...attributes.output, channels!];
  const y = new Float32Array(tf.util.sizeFromShape(shape)).fill(-Infinity);
  const switches = new Float32Array(y.length).fill(-1);
  eachCovered(attributes, images!, channels!, (window, pixel, tap) => {
    const [value, largest] = [values[pixel]!, y[window]!];
    const larger = value > largest || (Number.isNaN(value) && !Number.isNaN(largest));
    if (switches[window]! >= 0 && !larger) return;
    y[window] = value;
    switches[window] = tap;
  });
  if (attributes.rectify) {
    y.forEach((value, window) => {
      if (value <= 0) [y[window], switches[window]] = [0, -1];
    });
  }
  return [{ values: y, shape }, ...(attributes.switches ? [{ values: switches, shape }] : [])];
});

registerHostKernel<MaxWindowsGradientAttributes>(
  MAX_WINDOWS_GRADIENT,
  ({ dy, switches }, attributes) => {
    const { shape } = attributes;
    const dx = new Float32Array(tf.util.sizeFromShape([...shape]));
    eachCovered(attributes, shape[0]!, shape[3]!, (window, pixel, tap) => {
      if (switches!.values[window] === tap) dx[pixel]! += dy!.values[window]!;
    });
    return [{ values: dx, shape }];
  },
);
