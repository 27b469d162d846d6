// Caricatures: an image with more of what a layer sees in another.
import type { ImageNetwork } from "../explain/input_pixels.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { requireOptions, requireWhole } from "../text/require.ts";
import { lucidTransforms } from "./affine_chain.ts";
import { ascend, type AscendOptions, ASCENT_OPTIONS, type AscentResult } from "./ascend.ts";
import { fourier } from "./fourier.ts";
import { featuresIn } from "./inversion.ts";
import { exaggerated } from "./objectives.ts";
import { requireOneImage } from "./one_image.ts";

/** Options of {@linkcode caricature}; those of `ascend` replace the defaults. */
export type CaricatureOptions = Omit<AscendOptions, "shape" | "count"> & {
  /** How much the proportions of the features count, at least 0. Default: 1. */
  readonly power?: number;
};

/**
 * Draws a caricature of an image: from noise, it maximizes the layer's features in the direction of
 * the image's own ({@linkcode exaggerated}), so that what the layer recognizes stands out, and what it
 * does not see is made up. Unlike an inversion it does not stop where the features are the same.
 *
 * Olah, Mordvintsev and Schubert, "Feature visualization", 2017; Lucid's caricatures. Waves of
 * decorrelated colors, and Lucid's transforms if the image has at least 48 pixels a side.
 *
 * @param network the network
 * @param image the image, pixels from 0 to 1, `[H, W, C]` or `[1, H, W, C]`
 * @param layer the layer
 * @param options power, steps (default 256), preprocessing and others of `ascend`
 * @returns the image and the scores on the way, 1 being the image itself; the caller owns the image
 * @throws {RangeError} if the layer is not there, or a number is out of its range
 * @throws {TypeError} if the image is not `[H, W, C]` or `[1, H, W, C]`
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { uniformArray } from "@neocog/neocog/tensor";
 * import { caricature } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const image = tf.tensor3d(uniformArray(key(1), 28 * 28), [28, 28, 1]);
 * const { scores } = await caricature(network, image, "conv2", { steps: 5 });
 * assertGreater(scores[5]!, scores[0]!);
 * ```
 */
export async function caricature<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  image: Tensor,
  layer: Path,
  options: CaricatureOptions = {},
): Promise<AscentResult> {
  requireOptions("draw a caricature", options, { ...ASCENT_OPTIONS, onStep: true, power: true });
  const shape = requireOneImage("draw a caricature", "the image", image);
  const { power = 1, steps = 256, ...rest } = options;
  requireWhole("draw a caricature", "the number of steps", steps);
  const { part, features, preprocessing } = featuresIn(network, image, layer, options);
  try {
    return await ascend(part, exaggerated(layer, features, power), {
      parametrization: fourier(),
      transforms: Math.min(shape[0]!, shape[1]!) < LEAST_SIDE ? [] : [lucidTransforms()],
      ...rest,
      preprocessing,
      steps,
      shape,
    });
  } finally {
    features.dispose();
  }
}

/** The least side in pixels of images that Lucid's transforms leave recognizable. */
const LEAST_SIDE = 48;
