// Images seen through an affine map, by bilinear interpolation, with a gradient that gathers.
import { type WarpAttributes, warpGradientHost, warpHost } from "./affine_host.ts";
import { registerHostKernel } from "./host_kernel.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";
import { requireOptions } from "../text/require.ts";

/** The name of the operation among tfjs's kernels, of `images` and `map`. */
export const WARP = "NeocogWarp";

/** The name of its gradient by the images, of the slopes `dy` and of `map`. */
export const WARP_GRADIENT = "NeocogWarpGrad";

/** What lies beyond an image's edges: its mirror image about the outermost pixels, or one number. */
export type WarpEdge = "reflect" | number;

/** Options of {@linkcode warp}. */
export type WarpOptions = {
  /** What lies beyond the edges. Default: `"reflect"`. */
  readonly edge?: WarpEdge;
};

/**
 * Resamples images by an affine map: the pixel at column x and row y of the result is what the
 * image has at column `a x + b y + c` and row `d x + e y + f`, interpolated bilinearly between
 * the four pixels around. Pixels' middles are at whole numbers, the first at 0.
 *
 * tfjs has no gradient for rotation. This has one by the images, for any map: each pixel sums
 * what the pixels of the result took of it. There is none by the map.
 *
 * @param images `[N, H, W, C]`, float32
 * @param map the six numbers a, b, c, d, e, f: a vector for all images, or `[N, 6]`, a row for each
 * @param options what lies beyond the edges
 * @returns images of the same shape
 * @throws {TypeError} if the images or the map have another shape or type
 * @throws {RangeError} if the edge is not a finite number, or an image to be reflected has a side of one pixel
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tf } from "@neocog/neocog";
 * import { warp } from "@neocog/neocog/tensor";
 *
 * await start({ backend: "cpu" });
 * const row = tf.tensor4d([1, 2, 4], [1, 1, 3, 1]);
 * const halfPixelOn = tf.tensor1d([1, 0, 0.5, 0, 1, 0]);
 * assertEquals(await warp(row, halfPixelOn, { edge: 0 }).flatten().array(), [1.5, 3, 2]);
 * ```
 */
export function warp(images: Tensor, map: Tensor, options: WarpOptions = {}): Tensor {
  requireOptions("warp images", options, { edge: true });
  const { edge = "reflect" } = options;
  if (images.rank !== 4 || images.dtype !== "float32") {
    throw new TypeError(
      `Cannot warp images: they must be float32 of shape [N, H, W, C], got ${images.dtype} of shape [${images.shape}]`,
    );
  }
  const isEach = map.rank === 2 && map.shape[0] === images.shape[0] && map.shape[1] === 6;
  if (!(map.size === 6 || isEach) || map.dtype !== "float32") {
    throw new TypeError(
      `Cannot warp images: the map must be a float32 vector of six numbers, or [${
        images.shape[0]
      }, 6], a row for each image, got ${map.dtype} of shape [${map.shape}]`,
    );
  }
  if (edge !== "reflect" && !Number.isFinite(edge)) {
    throw new RangeError(
      `Cannot warp images: what lies outside must be "reflect" or a finite number, got ${edge}`,
    );
  }
  const [, height, width] = images.shape as [number, number, number, number];
  if (edge === "reflect" && Math.min(height, width) < 2) {
    throw new RangeError(
      `Cannot warp images: those that are reflected must have sides of at least two pixels, got ${height} × ${width}`,
    );
  }
  const attributes: WarpAttributes = {
    reflects: edge === "reflect",
    outside: edge === "reflect" ? 0 : edge,
  };
  return tf.engine().runKernel(WARP, { images, map }, attributes);
}

tf.registerGradient({
  kernelName: WARP,
  inputsToSave: ["map"],
  gradFunc: (dy, [map], attributes) => ({
    images: () =>
      tf.engine().runKernel(WARP_GRADIENT, { dy: dy as Tensor, map: map! }, attributes) as Tensor,
  }),
});

registerHostKernel<WarpAttributes>(
  WARP,
  ({ images, map }, attributes) => [warpHost(images!, map!, attributes)],
);

registerHostKernel<WarpAttributes>(
  WARP_GRADIENT,
  ({ dy, map }, attributes) => [warpGradientHost(dy!, map!, attributes)],
);
