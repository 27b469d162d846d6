// DeepDream (§12.9.4): amplifies what a layer sees in an image, from coarse to fine.
import { activations } from "../explain/activations.ts";
import {
  type ImageNetwork,
  type PixelScaling,
  scalingFor,
  toInputs,
} from "../explain/input_pixels.ts";
import { layerEnergy, type Objective } from "../explain/objective.ts";
import { requireInputShape, truncate } from "../explain/truncate.ts";
import type { Network } from "../layers/layer.ts";
import { layersOf } from "../layers/layers_of.ts";
import { fold, key as keyOf } from "../tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import { ascend, type AscendOptions, type AscendReport } from "./ascend.ts";
import { normalizedAscent } from "./normalized_ascent.ts";
import { guidedBy } from "./objectives.ts";
import { requireOneImage } from "./one_image.ts";
import { pyramidOf, resized, type Size, sizesOf } from "./octaves.ts";
import { pixels } from "./parametrization.ts";
import { jitter as jitterBy } from "./transforms.ts";

/** The report of {@linkcode deepDream} on a step. */
export type DeepDreamReport = AscendReport & {
  /** From 0, the coarsest. */
  readonly octave: number;
  readonly octaves: number;
};

/** Options of {@linkcode deepDream}. */
export type DeepDreamOptions =
  & Pick<AscendOptions, "preprocessing" | "rule" | "key" | "signal" | "jit">
  & {
    /** The layer whose output is amplified. */
    readonly layer: Path;
    /** Replaces the energy of the layer; its paths replace `layer`. */
    readonly objective?: Objective;
    /** An image `[H, W, C]` or `[1, H, W, C]` of any size, pixels from 0 to 1, whose features are amplified. Default: none. */
    readonly guide?: Tensor;
    /** How many sizes, the image's own last, from 1. Default: 4, or as many as the layer takes. */
    readonly octaves?: number;
    /** How much larger each is than the one before, above 1. Default: 1.4. */
    readonly octaveScale?: number;
    /** Steps per octave, from 1. Default: 20. */
    readonly steps?: number;
    /** Root mean square of a step, of pixels from 0 to 1. Default: 0.007. */
    readonly rate?: number;
    /** The largest shift of the image before each step, in pixels. Default: 16, or an eighth of the shorter side. */
    readonly jitter?: number;
    /** Called before each step, and after the last of each octave. */
    readonly onStep?: (report: DeepDreamReport) => void | Promise<void>;
  };

/** What {@linkcode deepDream} returns. */
export type DeepDream = {
  /** The image, pixels from 0 to 1, `[1, H, W, C]`; the caller owns it. */
  readonly images: Tensor;
  /** For each octave, the objective before each step and after the last. */
  readonly scores: readonly (readonly number[])[];
};

/** How many octaves by default. */
const OCTAVES = 4;

/**
 * DeepDream: maximizes the energy ½ Σ z² of a layer's output for an image (§12.9.4), or, with a
 * guide, the products with the guide's features. It begins with a small image; what changes in an
 * octave is enlarged and added to the image of the next, so that things of several sizes appear. The
 * chapter's rule x ← x − η ∂L/∂x would go down; this goes up, by steps of one size.
 *
 * Of a chain only the layers up to the given one are run, without a first padding to the network's
 * size: images may be of any size that these layers take.
 *
 * Mordvintsev, Olah and Tyka, "Inceptionism", 2015.
 *
 * @param network the network
 * @param image a photo, or noise, pixels from 0 to 1, `[H, W, C]` or `[1, H, W, C]`
 * @param options layer, octaves, steps, guide
 * @returns the image and the scores
 * @throws {RangeError} if the layer is not there, a number is out of its range, or the image is too
 * small for the layer in its first octave
 * @throws {TypeError} if image or guide are not `[H, W, C]` or `[1, H, W, C]`
 *
 * @example
 * ```ts
 * import { assertEquals, assertGreater } from "@std/assert";
 * import { deepDream } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { uniformArray } from "@neocog/neocog/tensor";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const noise = tf.tensor3d(uniformArray(key(1), 40 * 60), [40, 60, 1]);
 * const options = { layer: "conv2", octaves: 2, steps: 2 };
 * const { images, scores } = await deepDream(network, noise, options);
 * assertEquals(images.shape, [1, 40, 60, 1]);
 * assertGreater(scores[1]![2]!, scores[1]![0]!);
 * ```
 */
export async function deepDream<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  image: Tensor,
  options: DeepDreamOptions,
): Promise<DeepDream> {
  requireOptions("dream", options, {
    jit: true,
    signal: true,
    preprocessing: true,
    key: true,
    rule: true,
    layer: true,
    objective: true,
    guide: true,
    octaves: true,
    octaveScale: true,
    steps: true,
    rate: true,
    jitter: true,
    onStep: true,
  });
  const shape = requireOneImage("dream", "the image", image);
  const {
    layer,
    objective: given,
    guide,
    octaves,
    octaveScale = 1.4,
    steps = 20,
    rate = 0.007,
    jitter = jitterFor(shape),
    key = keyOf(0),
    onStep,
    ...rest
  } = options;
  const preprocessing = scalingFor(network, options.preprocessing);
  const paths = given?.paths ?? [layer];
  const part = truncate(network, shape, paths, { unpadded: true });
  const features = guide && featuresOf(part, guide, layer, preprocessing);
  const bases: Tensor[] = [];
  const scores: (readonly number[])[] = [];
  let detail: Tensor | undefined;
  try {
    const objective = given ??
      (features ? guidedBy(layer, features) : layerEnergy(layer));
    const sizes = octavesFor(part, objective, shape, octaves, octaveScale);
    const transforms = jitter === 0 ? [] : [jitterBy(jitter)];
    const fixed = {
      ...rest,
      preprocessing,
      steps,
      transforms,
      optimizer: normalizedAscent({ rate }),
    };
    bases.push(...pyramidOf(image, sizes));
    const changed = (octave: number): Tensor =>
      tf.tidy(() => {
        const change = detail ? resized(detail, sizes[octave]!) : 0;
        return tf.add(bases[octave]!, change);
      });
    for (const [octave, base] of bases.entries()) {
      if (options.signal?.aborted) break;
      const start = changed(octave);
      const { images, scores: own } = await ascend(part, objective, {
        ...fixed,
        shape: base.shape.slice(1),
        parametrization: pixels({ start }),
        key: fold(key, octave),
        ...(onStep && {
          onStep: (report) => onStep({ ...report, octave, octaves: sizes.length }),
        }),
      });
      scores.push(own);
      tf.dispose([start, detail ?? []]);
      detail = tf.sub(images, base);
      images.dispose();
    }
    return { images: tf.tidy(() => tf.clipByValue(changed(bases.length - 1), 0, 1)), scores };
  } finally {
    tf.dispose([detail ?? [], features ?? [], ...bases]);
  }
}

const jitterFor = ([height, width]: Shape): number => Math.min(16, Math.min(height!, width!) >> 3);

/** The output of the layer for the guide. */
function featuresOf(network: Network, guide: Tensor, layer: Path, scaling: PixelScaling): Tensor {
  const shape = requireOneImage("dream", "the guide", guide);
  requireInputShape("use the guide", network, shape);
  const inputs = tf.tidy(() => toInputs(tf.reshape(guide, [1, ...shape]), scaling));
  const features = activations(network, inputs, [layer]).get(layer)!;
  inputs.dispose();
  return features;
}

/**
 * The sizes of the octaves: as many as asked for, or by default as many of four as are large enough
 * for the network.
 */
function octavesFor(
  network: Network,
  objective: Objective,
  shape: Shape,
  octaves: number | undefined,
  factor: number,
): Size[] {
  const sizes = sizesOf(shape, octaves ?? OCTAVES, factor);
  const check = ([height, width]: Size): void =>
    requireSize(network, objective, [height, width, shape[2]!]);
  check(sizes.at(-1)!);
  for (const [i, size] of [...sizes.entries()].toReversed().slice(1)) {
    try {
      check(size);
    } catch (error) {
      if (octaves === undefined) return sizes.slice(i + 1);
      if (error instanceof TypeError || error instanceof RangeError) {
        const most = octaves - i - 1;
        error.message = `Cannot dream in ${octaves} octaves: take at most ${most}, or a larger ` +
          `image: at ${size.join(" × ")} pixels: ${error.message}`;
      }
      throw error;
    }
  }
  return sizes;
}

/** The most memory for the outputs of all layers for one image: 4 GiB. */
const MOST_BYTES = 2 ** 32;

/** Refuses a size that the network does not take, or that does not fit into memory. */
function requireSize(network: Network, objective: Objective, shape: Shape): void {
  if (sizeOf(shape) === 0) {
    throw new RangeError(`Cannot dream: an image must have pixels, got none`);
  }
  requireInputShape("dream", network, shape);
  objective.check(network.model, shape);
  const sizes = [...layersOf(network.model, shape).values()].map((info) => sizeOf(info.shape));
  const bytes = 4 * sizes.reduce((sum, size) => sum + size, 0);
  const rule = `the outputs of the layers must take at most ${MOST_BYTES} bytes`;
  requireRange("dream", rule, bytes <= MOST_BYTES, `${bytes} for ${shape[0]} × ${shape[1]} pixels`);
}
