// Feature inversion (§12.9.4): what a layer still knows of an image.
import { activations } from "../explain/activations.ts";
import {
  type ImageNetwork,
  type PixelScaling,
  scalingFor,
  toInputs,
} from "../explain/input_pixels.ts";
import { truncate } from "../explain/truncate.ts";
import type { Network } from "../layers/layer.ts";
import { layersOf, requireLayer } from "../layers/layers_of.ts";
import { adam } from "../optimizers/adam.ts";
import { cosineDecay } from "../optimizers/cosine_decay.ts";
import { fold, key as keyOf } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { requireOptions, requireWhole } from "../text/require.ts";
import { ascend, type AscendOptions, type AscendReport, ASCENT_OPTIONS } from "./ascend.ts";
import { fourier } from "./fourier.ts";
import { similarTo } from "./objectives.ts";
import { requireOneImage } from "./one_image.ts";
import { pixels } from "./parametrization.ts";
import { alphaNorm, totalVariation } from "./regularizers.ts";

/** Options of {@linkcode invert}; those of `ascend` replace the defaults. */
export type InvertOptions = Omit<AscendOptions, "shape" | "count"> & {
  /** Weight of R_α, the mean over pixels of |2x − 1|^6. Default: 1e-3. */
  readonly alphaWeight?: number;
  /** Weight of R_Vβ with β = 2, the mean over pixels of squared differences. Default: by the layer's depth. */
  readonly variationWeight?: number;
};

/** The names of {@linkcode InvertOptions}. */
export const INVERT_OPTIONS: Readonly<Record<keyof InvertOptions, true>> = {
  ...ASCENT_OPTIONS,
  onStep: true,
  alphaWeight: true,
  variationWeight: true,
};

/** What {@linkcode invert} returns. */
export type Inversion = {
  /** The image, pixels from 0 to 1, `[1, H, W, C]`; the caller owns it. */
  readonly images: Tensor;
  /** ‖Φ(x) − Φ₀‖² / ‖Φ₀‖² before each step, and of the result. */
  readonly distances: readonly number[];
};

/**
 * Makes an image with the same features in a layer as another: from noise, it maximizes
 * −‖Φ(x) − Φ₀‖² / ‖Φ₀‖² − λ_α R_α(x) − λ_V R_V(x), the chapter's loss with the opposite sign
 * (§12.9.4). Early layers give back the photo, late ones its objects in place, without their colors
 * and shapes.
 *
 * Mahendran and Vedaldi, "Understanding deep image representations by inverting them", 2015.
 * Layers of the first two fifths are inverted in pixels, where every detail returns quickly; later
 * ones as waves of decorrelated colors, as pixels would match the features with noise.
 *
 * @param network the network
 * @param image the image, pixels from 0 to 1, `[H, W, C]` or `[1, H, W, C]`
 * @param layer the layer
 * @param options weights of the penalties, steps (default 200), preprocessing and others of `ascend`
 * @returns the image, and the distances on the way
 * @throws {RangeError} if the layer is not there, or a number is out of its range
 * @throws {TypeError} if the image is not `[H, W, C]` or `[1, H, W, C]`
 *
 * @example
 * ```ts
 * import { assertLess } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { uniformArray } from "@neocog/neocog/tensor";
 * import { invert } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const image = tf.tensor3d(uniformArray(key(1), 28 * 28), [28, 28, 1]);
 * const { distances } = await invert(network, image, "conv1", { steps: 5 });
 * assertLess(distances[5]!, distances[0]!);
 * ```
 */
export async function invert<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  image: Tensor,
  layer: Path,
  options: InvertOptions = {},
): Promise<Inversion> {
  requireOptions("invert features", options, INVERT_OPTIONS);
  const shape = requireOneImage("invert features", "the image", image);
  const depth = depthOf(network, shape, layer);
  const { steps = 200, alphaWeight = 1e-3, variationWeight = variationAt(depth), ...own } = options;
  const regularizers = [
    alphaNorm(alphaWeight / image.size),
    totalVariation(variationWeight / image.size, { beta: 2 }),
  ];
  requireWhole("invert features", "the number of steps", steps);
  const { part, features, preprocessing } = featuresIn(network, image, layer, options);
  try {
    const { images, scores } = await ascend(part, similarTo(layer, features), {
      parametrization: depth < 0.4 ? pixels({ noise: 0.1 }) : fourier(),
      optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.05, steps, end: 0.1 }) }),
      regularizers,
      ...own,
      preprocessing,
      steps,
      shape,
    });
    return { images, distances: scores.map((score) => -score) };
  } finally {
    features.dispose();
  }
}

/**
 * What a layer outputs for an image, and the part of the network up to there.
 *
 * @param image pixels from 0 to 1, `[H, W, C]` or `[1, H, W, C]`
 * @param options the preprocessing. Default: the network's own
 * @returns the part, the features `[1, …]`, which the caller owns, and the preprocessing
 */
export function featuresIn<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  image: Tensor,
  layer: Path,
  options: Pick<AscendOptions, "preprocessing">,
): { readonly part: Network; readonly features: Tensor; readonly preprocessing: PixelScaling } {
  const shape = image.shape.slice(-3);
  const preprocessing = scalingFor(network, options.preprocessing);
  const part = truncate(network, shape, [layer]);
  const inputs = tf.tidy(() => toInputs(tf.reshape(image, [1, ...shape]), preprocessing));
  const features = activations(part, inputs, [layer]).get(layer)!;
  inputs.dispose();
  return { part, features, preprocessing };
}

/** The layer's depth by its index among all layers, 0 to 1. */
function depthOf<P extends Tree, S extends Tree>(
  { model }: Network<P, S>,
  shape: Shape,
  layer: Path,
): number {
  const paths = [...layersOf(model, shape).keys()].filter((path) => path !== "");
  return layer === "" ? 1 : (paths.indexOf(layer) + 1) / paths.length;
}

/** The default weight of R_Vβ: at the end a hundred times that of the beginning. */
const variationAt = (depth: number): number => 0.02 * 100 ** depth;

/** The inversion of one layer by {@linkcode inversionStrip}. */
export type LayerInversion = Inversion & { readonly layer: Path };

/** Options of {@linkcode inversionStrip}. */
export type InversionStripOptions = Omit<InvertOptions, "onStep"> & {
  /** Called before each step of each layer, and at its end. */
  readonly onStep?: (report: AscendReport & { readonly layer: Path }) => void | Promise<void>;
  /** Called when a layer is done, with what will be part of the result. */
  readonly onLayer?: (inverted: LayerInversion) => void | Promise<void>;
};

/**
 * Inverts one layer after another, as in Figure 12.35.
 *
 * @param network the network
 * @param image the image, pixels from 0 to 1, `[H, W, C]` or `[1, H, W, C]`
 * @param layers the layers
 * @param options those of {@linkcode invert}
 * @returns an image for each layer that was begun before the signal; the caller owns them
 * @throws {RangeError} if a layer is not there, before any is inverted
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { uniformArray } from "@neocog/neocog/tensor";
 * import { inversionStrip } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const image = tf.tensor3d(uniformArray(key(1), 28 * 28), [28, 28, 1]);
 * const layers = ["conv1", "pool2"];
 * const strip = await inversionStrip(network, image, layers, { steps: 1 });
 * assertEquals(strip.map(({ layer }) => layer), layers);
 * ```
 */
export async function inversionStrip<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  image: Tensor,
  layers: readonly Path[],
  options: InversionStripOptions = {},
): Promise<LayerInversion[]> {
  requireOptions("invert features", options, { ...INVERT_OPTIONS, onLayer: true });
  const shape = requireOneImage("invert features", "the image", image);
  layers.forEach((layer) => requireLayer(network.model, shape, layer));
  const { onStep, onLayer, key = keyOf(0), ...rest } = options;
  const strip: LayerInversion[] = [];
  for (const layer of layers) {
    if (options.signal?.aborted) break;
    const inversion = await invert(network, image, layer, {
      ...rest,
      key: fold(key, layer),
      ...(onStep && { onStep: (report) => onStep({ ...report, layer }) }),
    });
    strip.push({ ...inversion, layer });
    await onLayer?.(strip.at(-1)!);
  }
  return strip;
}
