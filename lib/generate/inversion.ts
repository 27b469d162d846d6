// Feature inversion (§12.9.4): what of an image a layer still knows.
import { activations } from "../explain/activations.ts";
import { beginningOf } from "../explain/beginning.ts";
import { toInputs, UNIT_PIXELS } from "../explain/input_units.ts";
import type { Network } from "../layers/layer.ts";
import { layersOf, requireLayer } from "../layers/layers_of.ts";
import { adam } from "../optimizers/adam.ts";
import { cosineDecay } from "../optimizers/cosine_decay.ts";
import { fold, key as keyOf } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { ascend, type AscendOptions, type AscendReport } from "./ascend.ts";
import { fourier } from "./fourier.ts";
import { likeness } from "./objectives.ts";
import { pixels } from "./parametrization.ts";
import { alphaNorm, totalVariation } from "./regularizers.ts";

/** Options of {@linkcode invert}; those of `ascend` take the place of the defaults. */
export type InvertOptions = Omit<AscendOptions, "shape" | "count"> & {
  /** Weight of R_α, a pixel's mean of |2x − 1|^6. Default: 1e-3. */
  readonly alphaWeight?: number;
  /** Weight of R_Vβ with β = 2, a pixel's mean of squared differences. Default: by the layer's depth. */
  readonly variationWeight?: number;
};

/** What {@linkcode invert} answers. */
export type Inverted = {
  /** The image, pixels 0 to 1, `[1, H, W, C]`; the caller owns it. */
  readonly images: Tensor;
  /** ‖Φ(x) − Φ₀‖² / ‖Φ₀‖² before each step, and of the result. */
  readonly distances: readonly number[];
};

/**
 * Makes an image that a layer cannot tell from another: from noise it climbs
 * −‖Φ(x) − Φ₀‖² / ‖Φ₀‖² − λ_α R_α(x) − λ_V R_V(x) (§12.9.4), which the chapter minimizes with
 * the sign turned. Early layers give back the photo, late ones things where they were, without
 * their colors and shapes.
 *
 * Mahendran and Vedaldi, "Understanding deep image representations by inverting them", 2015.
 * Layers of the first two fifths are inverted in pixels, in which every detail is soon there; those
 * after it in waves of decorrelated colors, as pixels find noise there that they take for the image.
 *
 * @param network the network
 * @param image the image, pixels 0 to 1, `[H, W, C]`
 * @param layer whose answers are matched
 * @param options regularizers' weights, steps (default 200), what the network does to pixels
 * @returns the image, and the distances of the way there
 * @throws {RangeError} where the layer is not there, or a number is out of its range
 * @throws {TypeError} where the image is not `[H, W, C]`
 *
 * @example
 * ```ts
 * import { assertLess } from "@std/assert";
 * import { init, key, lenet5, start, tf, uniformArray } from "@neocog/neocog";
 * import { invert } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const image = tf.tensor3d(uniformArray(key(1), 28 * 28), [28, 28, 1]);
 * const { distances } = await invert({ model, params, state }, image, "conv1", { steps: 5 });
 * assertLess(distances[5]!, distances[0]!);
 * ```
 */
export async function invert<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  image: Tensor,
  layer: Path,
  options: InvertOptions = {},
): Promise<Inverted> {
  const { shape } = image;
  if (image.rank !== 3) {
    throw new TypeError(
      `Cannot invert features: the image must be of shape [H, W, C], got [${shape}]`,
    );
  }
  const { steps = 200, units = UNIT_PIXELS, alphaWeight = 1e-3 } = options;
  const depth = depthOf(network, shape, layer);
  const { variationWeight = variationAt(depth) } = options;
  const beginning = beginningOf(network, shape, [layer]);
  const regularizers = [
    alphaNorm(alphaWeight / image.size),
    totalVariation(variationWeight / image.size, { beta: 2 }),
  ];
  requireSteps(steps);
  const inputs = tf.tidy(() => toInputs(tf.expandDims(image, 0), units));
  const { model, params, state } = beginning;
  const features = activations(model, params, state, inputs, [layer]).get(layer)!;
  inputs.dispose();
  try {
    const { images, scores } = await ascend(beginning, likeness(layer, features), {
      parametrization: depth < 0.4 ? pixels({ noise: 0.1 }) : fourier(),
      optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.05, steps, end: 0.1 }) }),
      regularizers,
      ...options,
      steps,
      shape,
    });
    return { images, distances: scores.map((score) => -score) };
  } finally {
    features.dispose();
  }
}

function requireSteps(steps: number): void {
  if (Number.isInteger(steps) && steps >= 1) return;
  throw new RangeError(
    `Cannot invert features: the number of steps must be a whole number of at least 1, got ${steps}`,
  );
}

/** How far into the network a layer is, by its place among all: 0 to 1. */
function depthOf<P extends Tree, S extends Tree>(
  { model }: Network<P, S>,
  shape: Shape,
  layer: Path,
): number {
  const paths = [...layersOf(model, shape).keys()].filter((path) => path !== "");
  return layer === "" ? 1 : (paths.indexOf(layer) + 1) / paths.length;
}

/** R_Vβ's weight: a hundred times as much at the end as at the beginning. */
const variationAt = (depth: number): number => 0.02 * 100 ** depth;

/** What {@linkcode inversionStrip} says of each step. */
export type StripReport = AscendReport & { readonly layer: Path };

/** Options of {@linkcode inversionStrip}. */
export type InversionStripOptions = Omit<InvertOptions, "onStep"> & {
  readonly onStep?: (report: StripReport) => void | Promise<void>;
  /** Called when a layer's image is done, which stays part of the answer. */
  readonly onLayer?: (inverted: StripPart) => void | Promise<void>;
};

/** A layer's image of {@linkcode inversionStrip}. */
export type StripPart = Inverted & { readonly layer: Path };

/**
 * Inverts one layer after another, as in Figure 12.35.
 *
 * @param network the network
 * @param image the image, pixels 0 to 1, `[H, W, C]`
 * @param layers whose answers are matched
 * @param options as of {@linkcode invert}
 * @returns an image for each layer that was begun before the signal came; the caller owns them
 * @throws {RangeError} where a layer is not there, before any is inverted
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf, uniformArray } from "@neocog/neocog";
 * import { inversionStrip } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const image = tf.tensor3d(uniformArray(key(1), 28 * 28), [28, 28, 1]);
 * const layers = ["conv1", "pool2"];
 * const strip = await inversionStrip({ model, params, state }, image, layers, { steps: 1 });
 * assertEquals(strip.map(({ layer }) => layer), layers);
 * ```
 */
export async function inversionStrip<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  image: Tensor,
  layers: readonly Path[],
  options: InversionStripOptions = {},
): Promise<StripPart[]> {
  layers.forEach((layer) => requireLayer(network.model, image.shape, layer));
  const { onStep, onLayer, key = keyOf(0), signal } = options;
  const strip: StripPart[] = [];
  for (const layer of layers) {
    if (signal?.aborted) break;
    const report = onStep && { onStep: (step: AscendReport) => onStep({ ...step, layer }) };
    const inverted = await invert(
      network,
      image,
      layer,
      { ...options, ...report, key: fold(key, layer) } as InvertOptions,
    );
    const part = { ...inverted, layer };
    strip.push(part);
    await onLayer?.(part);
  }
  return strip;
}
