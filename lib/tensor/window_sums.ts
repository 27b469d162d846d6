// Sums and means over windows of images, with gradients that are right at the edges.
import { registerHostKernel } from "./host_kernel.ts";
import { type PoolAttributes, poolGrid, poolsNothing } from "./pool_grid.ts";
import type { Tensor, Tensor4D } from "./tensor.ts";
import { tf } from "./tf.ts";
import { coveredAlong, eachCovered, gridOf, type WindowGrid, type Windows } from "./windows.ts";

/** The name of the operation among tfjs's kernels: `x` → sums or means. */
export const SUM_WINDOWS = "NeocogSumWindows";

/** The name of its gradient: `dy` → `dx`. */
export const SUM_WINDOWS_GRADIENT = "NeocogSumWindowsGrad";

/** Attributes of both kernels. */
export type SumWindowsAttributes = WindowGrid & {
  /** Whether sums are divided by the number of pixels that the window covers. */
  readonly mean: boolean;
  /** Pixels around the images, down and across, that count in that number. */
  readonly frame: readonly [number, number];
};

/** Attributes of the gradient's kernel. */
export type SumWindowsGradientAttributes = SumWindowsAttributes & {
  /** Shape of the images. */
  readonly shape: readonly number[];
};

/**
 * Sums each channel over windows.
 *
 * @param x images `[N, H, W, C]`
 * @returns the sums, `[N, H', W', C]`
 */
export function sumWindows(x: Tensor4D, windows: Windows): Tensor4D {
  return run(x, windows, { mean: false, frame: [0, 0] });
}

/**
 * Averages each channel over windows.
 *
 * @param x images `[N, H, W, C]`
 * @param countPadding whether padding counts as zeros; otherwise it does not count. What a window
 *   that rounding up added has beyond the padding never does. Default: `false`
 * @returns the means, `[N, H', W', C]`
 */
export function meanWindows(x: Tensor4D, windows: Windows, countPadding = false): Tensor4D {
  return run(x, windows, { mean: true, frame: countPadding ? frameOf(windows) : [0, 0] });
}

/** The padding on every side. With "same", no window reaches beyond it, nor further than its size. */
function frameOf({ padding, size }: Windows): readonly [number, number] {
  if (padding === "same") return size;
  return padding === "valid" ? [0, 0] : [padding, padding];
}

function run(
  x: Tensor4D,
  windows: Windows,
  divisor: Pick<SumWindowsAttributes, "mean" | "frame">,
): Tensor4D {
  const attributes: SumWindowsAttributes = { ...gridOf(x, windows), ...divisor };
  return tf.engine().runKernel(SUM_WINDOWS, { x }, attributes) as Tensor4D;
}

tf.registerGradient({
  kernelName: SUM_WINDOWS,
  gradFunc: (slopes, _saved, attributes) => ({
    x: () => {
      const dy = slopes as Tensor;
      const { input } = attributes as unknown as SumWindowsAttributes;
      const shape = [dy.shape[0]!, ...input, dy.shape[3]!];
      return tf.engine().runKernel(SUM_WINDOWS_GRADIENT, { dy }, { ...attributes, shape });
    },
  }),
});

/** Both are linear: the gradient of one is the other. */
tf.registerGradient({
  kernelName: SUM_WINDOWS_GRADIENT,
  gradFunc: (slopes, _saved, attributes) => ({
    dy: () => tf.engine().runKernel(SUM_WINDOWS, { x: slopes as Tensor }, attributes),
  }),
});

/** tfjs's own divides by the whole window also where an edge cuts it short. */
tf.registerGradient({
  kernelName: "AvgPool",
  inputsToSave: ["x"],
  gradFunc: (slopes, saved, attributes) => {
    const dy = slopes as Tensor;
    const { shape } = saved[0]!;
    const grid = poolGrid(shape, attributes as unknown as PoolAttributes);
    if (poolsNothing(grid)) return { x: () => dy.clone() };
    const means: SumWindowsGradientAttributes = { ...grid, mean: true, frame: [0, 0], shape };
    return { x: () => tf.engine().runKernel(SUM_WINDOWS_GRADIENT, { dy }, means) };
  },
});

/** As of images; of volumes tfjs's own kernel is given what it divides by too much. */
tf.registerGradient({
  kernelName: "AvgPool3D",
  inputsToSave: ["x"],
  gradFunc: (slopes, saved, attributes) => {
    const [input] = saved as [Tensor];
    const { filterSize, strides, pad, dimRoundingMode } = attributes as never;
    const shape = input.shape as [number, number, number, number, number];
    const g = tf.backend_util.computePool3DInfo(
      shape,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const { front, top, left } = g.padInfo;
    const whole = (size: number, stride: number, before: number, count: number, length: number) =>
      Array.from({ length: count }, (_, i) => {
        const start = i * stride - before;
        return size / (Math.min(start + size, length) - Math.max(start, 0));
      });
    const along = [
      whole(g.filterDepth, g.strideDepth, front, g.outDepth, g.inDepth),
      whole(g.filterHeight, g.strideHeight, top, g.outHeight, g.inHeight),
      whole(g.filterWidth, g.strideWidth, left, g.outWidth, g.inWidth),
    ];
    const dy = along.reduce<Tensor>((dy, shares, axis) => {
      const line = [1, 1, 1, 1].with(axis, shares.length);
      return tf.mul(dy, tf.tensor(shares, line));
    }, slopes as Tensor);
    return { x: () => tf.engine().runKernel("AvgPool3DGrad", { dy, input }, attributes) };
  },
});

/** By what each window's sum is divided. */
function divisors(attributes: SumWindowsAttributes): (window: number, channels: number) => number {
  const { mean, frame, output } = attributes;
  const down = coveredAlong(attributes, 0, frame[0]);
  const across = coveredAlong(attributes, 1, frame[1]);
  return (window, channels) => {
    const place = Math.floor(window / channels);
    const row = Math.floor(place / output[1]) % output[0];
    return mean ? down[row]! * across[place % output[1]]! : 1;
  };
}

registerHostKernel<SumWindowsAttributes>(SUM_WINDOWS, ({ x }, attributes) => {
  const { values, shape: [images, , , channels] } = x!;
  const shape = [images!, ...attributes.output, channels!];
  const sums = new Float64Array(tf.util.sizeFromShape(shape));
  eachCovered(attributes, images!, channels!, (window, pixel) => {
    sums[window]! += values[pixel]!;
  });
  const divisor = divisors(attributes);
  return [{ values: Float32Array.from(sums, (sum, i) => sum / divisor(i, channels!)), shape }];
});

registerHostKernel<SumWindowsGradientAttributes>(SUM_WINDOWS_GRADIENT, ({ dy }, attributes) => {
  const { shape } = attributes;
  const [images, , , channels] = shape as [number, number, number, number];
  const divisor = divisors(attributes);
  const shares = dy!.values.map((slope, i) => slope / divisor(i, channels));
  const sums = new Float64Array(tf.util.sizeFromShape([...shape]));
  eachCovered(attributes, images, channels, (window, pixel) => {
    sums[pixel]! += shares[window]!;
  });
  return [{ values: Float32Array.from(sums), shape }];
});
