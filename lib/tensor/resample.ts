// Images of another size: nearest and bilinear, by the three conventions of where pixels lie.
import type { Tensor, Tensor4D } from "./tensor.ts";
import { tf } from "./tf.ts";
import { SUM_WINDOWS_GRADIENT, type SumWindowsGradientAttributes } from "./window_sums.ts";

/** How a number between pixels is found. */
export type ResampleMethod = "nearest" | "bilinear";

/**
 * Which place in the input an output's pixel i of n has, where the input has L: `"half-pixel"`
 * (i + ½) L / n − ½, edges on edges; `"align-corners"` i (L − 1) / (n − 1), corner pixels on corner
 * pixels; `"asymmetric"` i L / n.
 */
export type PixelAlignment = "half-pixel" | "align-corners" | "asymmetric";

/** How images are resampled. */
export type Resampling = { readonly method: ResampleMethod; readonly align: PixelAlignment };

/**
 * The place in an input of `length` pixels of pixel `i` of an output of `count`; it may lie outside.
 */
export function placeIn(i: number, length: number, count: number, align: PixelAlignment): number {
  if (align === "half-pixel") return (i + 0.5) * length / count - 0.5;
  if (align === "asymmetric") return i * length / count;
  return count === 1 ? 0 : i * (length - 1) / (count - 1);
}

/** The input's pixels behind pixel `i` of an output, and their shares. */
export function sourcesOf(
  i: number,
  length: number,
  count: number,
  { method, align }: Resampling,
): readonly (readonly [pixel: number, share: number])[] {
  const last = length - 1;
  if (method === "nearest") {
    // In whole numbers, so that no rounding puts a pixel before its place.
    const pixel = align === "half-pixel"
      ? Math.floor((2 * i + 1) * length / (2 * count))
      : align === "asymmetric"
      ? Math.floor(i * length / count)
      : count === 1
      ? 0
      : Math.floor((2 * i * last + count - 1) / (2 * (count - 1)));
    return [[Math.min(pixel, last), 1]];
  }
  const place = placeIn(i, length, count, align);
  const inside = Math.min(Math.max(place, 0), last);
  const pixel = Math.floor(inside);
  const share = inside - pixel;
  return share === 0 ? [[pixel, 1]] : [[pixel, 1 - share], [pixel + 1, share]];
}

/**
 * Images of another size. Enlarging to a multiple by the nearest pixel is one pass; all else is a
 * product with a matrix for each axis, so that gradients of any order are as exact as it.
 *
 * @param x images `[N, H, W, C]`
 * @param size height and width of the result
 * @param resampling the method, and how pixels are aligned
 * @returns `[N, H', W', C]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { resample } from "@neocog/neocog/tensor";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const x = tf.tensor4d([0, 4], [1, 1, 2, 1]);
 * const y = resample(x, [1, 4], { method: "bilinear", align: "half-pixel" });
 * assertEquals([...await y.data()], [0, 1, 3, 4]);
 * ```
 */
export function resample(
  x: Tensor4D,
  size: readonly [number, number],
  resampling: Resampling,
): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const whole = size[0] % height === 0 && size[1] % width === 0;
  if (resampling.method === "nearest" && resampling.align !== "align-corners" && whole) {
    return repeatPixels(x, [size[0] / height, size[1] / width]);
  }
  const down = size[0] === height
    ? x
    : tf.matMul(matrixOf(height, size[0], resampling), rows(x, batch, height, width * channels));
  const lines = rows(down, batch * size[0], width, channels);
  const across = size[1] === width ? lines : tf.matMul(matrixOf(width, size[1], resampling), lines);
  return tf.reshape(across, [batch, size[0], size[1], channels]);
}

function rows(x: tf.Tensor, outer: number, length: number, inner: number): tf.Tensor3D {
  return tf.reshape(x, [outer, length, inner]);
}

/** tfjs's own gradients know nothing of half pixels, and on the CPU mix up height and width. */
function ofResizing(kernelName: string, method: ResampleMethod): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["images"],
    gradFunc: (dy, saved, attributes) => {
      const [batch, height, width, channels] = saved[0]!.shape as [number, number, number, number];
      const slopes = dy as Tensor4D;
      const [, down, across] = slopes.shape;
      const align = attributes.alignCorners
        ? "align-corners"
        : attributes.halfPixelCenters
        ? "half-pixel"
        : "asymmetric";
      const resampling: Resampling = { method, align };
      const back = (x: tf.Tensor3D, length: number, count: number): Tensor =>
        tf.matMul(matrixOf(length, count, resampling), x, true);
      return {
        images: () => {
          const upright = back(rows(slopes, batch, down, across * channels), height, down);
          const flat = back(rows(upright, batch * height, across, channels), width, across);
          return tf.reshape(flat, saved[0]!.shape);
        },
      };
    },
  };
}

tf.registerGradient(ofResizing("ResizeBilinear", "bilinear"));
tf.registerGradient(ofResizing("ResizeNearestNeighbor", "nearest"));

/** Row i has the shares of the pixels behind output i, `[count, length]`. */
function matrixOf(length: number, count: number, resampling: Resampling): tf.Tensor2D {
  const shares = new Float32Array(count * length);
  for (let i = 0; i < count; i++) {
    for (const [pixel, share] of sourcesOf(i, length, count, resampling)) {
      shares[i * length + pixel] = share;
    }
  }
  return tf.tensor2d(shares, [count, length]);
}

/** Each pixel as a block of its copies: what sums over blocks pass back. */
function repeatPixels(x: Tensor4D, factor: readonly [number, number]): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const input = [height * factor[0], width * factor[1]] as const;
  const attributes: SumWindowsGradientAttributes = {
    size: factor,
    stride: factor,
    before: [0, 0],
    input,
    output: [height, width],
    mean: false,
    frame: [0, 0],
    shape: [batch, ...input, channels],
  };
  return tf.engine().runKernel(SUM_WINDOWS_GRADIENT, { dy: x }, attributes) as Tensor4D;
}
