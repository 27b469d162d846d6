// Colors changed pixel by pixel, each image in its own way, in several stages of one pass.
import { type HostTensor, registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels, of `images`, `stages` and perhaps `means`. */
export const RECOLOR = "NeocogRecolor";

/** The name of the operation that returns the grays whose mean a stage wants. */
export const RECOLOR_GRAYS = "NeocogRecolorGrays";

/** The numbers of a stage: three rows of a 3 × 4 matrix, the mean's share, two bounds, one unused. */
export const STAGE_SIZE = 16;

/** How much red, green and blue make of gray, as torchvision has it. */
export const GRAY_SHARES = [0.2989, 0.587, 0.114] as const;

/** Where in a stage the mean's share is, and the bounds after it. */
const [SHARE, LOW, HIGH] = [12, 13, 14] as const;

/**
 * Changes colors in stages: a stage makes of a pixel v its matrix by (v, 1), adds its share of
 * the mean gray that the image has before it, and clips to its bounds. Of gray images the first
 * number of a matrix counts, and the fourth.
 *
 * @param images `[N, H, W, 1]` or `[N, H, W, 3]`, float32
 * @param stages `[N, stages, 16]`, float32; in each image at most one may have a share of the mean
 * @param wantsMean whether any has
 * @returns images of the same shape
 * @throws {TypeError} if the shapes are others
 */
export function recolor(images: Tensor, stages: Tensor, wantsMean: boolean): Tensor {
  const isFit = images.rank === 4 && [1, 3].includes(images.shape[3]!) && stages.rank === 3 &&
    stages.shape[0] === images.shape[0] && stages.shape[2] === STAGE_SIZE;
  if (!isFit || images.dtype !== "float32" || stages.dtype !== "float32") {
    throw new TypeError(
      `Cannot change colors: images must be float32 [N, H, W, 1 or 3] with [N, stages, ${STAGE_SIZE}] numbers of stages, got ${images.dtype} [${images.shape}] with ${stages.dtype} [${stages.shape}]`,
    );
  }
  if (!wantsMean) return tf.engine().runKernel(RECOLOR, { images, stages });
  return tf.tidy(() => {
    const grays = tf.engine().runKernel(RECOLOR_GRAYS, { images, stages }) as Tensor;
    const means = tf.mean(grays, 1);
    return tf.engine().runKernel(RECOLOR, { images, stages, means }) as Tensor;
  });
}

/** One pixel after one stage. */
function staged(pixel: readonly number[], stage: Float32Array, mean: number): number[] {
  return pixel.map((_, c) => {
    const mixed = pixel.reduce((sum, v, i) => sum + stage[4 * c + i]! * v, stage[4 * c + 3]!);
    return Math.min(stage[HIGH]!, Math.max(stage[LOW]!, mixed + stage[SHARE]! * mean));
  });
}

/** A pixel's gray. */
function grayOf(pixel: readonly number[]): number {
  return pixel.length === 1 ? pixel[0]! : pixel.reduce((sum, v, c) => sum + GRAY_SHARES[c]! * v, 0);
}

/** Calls for each pixel, with its image's stages. */
function overPixels(
  images: HostTensor,
  stages: HostTensor,
  visit: (at: number, n: number, pixel: number[], stages: Float32Array[]) => void,
): void {
  const [count, height, width, channels] = images.shape as [number, number, number, number];
  const perImage = stages.shape[1]! * STAGE_SIZE;
  const size = height * width;
  for (let n = 0; n < count; n++) {
    const own = Array.from({ length: stages.shape[1]! }, (_, s) => {
      const from = n * perImage + s * STAGE_SIZE;
      return stages.values.subarray(from, from + STAGE_SIZE);
    });
    for (let at = n * size; at < (n + 1) * size; at++) {
      visit(at, n, [...images.values.subarray(at * channels, (at + 1) * channels)], own);
    }
  }
}

registerHostKernel(RECOLOR, ({ images, stages, means }) => {
  const values = new Float32Array(images!.values.length);
  overPixels(images!, stages!, (at, n, pixel, own) => {
    const mean = means?.values[n] ?? 0;
    values.set(own.reduce((v, stage) => staged(v, stage, mean), pixel), at * pixel.length);
  });
  return [{ values, shape: images!.shape }];
});

registerHostKernel(RECOLOR_GRAYS, ({ images, stages }) => {
  const [count, height, width] = images!.shape as [number, number, number];
  const values = new Float32Array(count * height * width);
  overPixels(images!, stages!, (at, _n, pixel, own) => {
    const wanting = own.findIndex((stage) => stage[SHARE] !== 0);
    const before = wanting < 0 ? own : own.slice(0, wanting);
    values[at] = grayOf(before.reduce((v, stage) => staged(v, stage, 0), pixel));
  });
  return [{ values, shape: [count, height * width] }];
});
