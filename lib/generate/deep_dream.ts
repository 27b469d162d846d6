// DeepDream (§12.9.4): what a layer sees in an image is put into it, from coarse to fine.
import type { BackwardRule } from "../explain/backward_rule.ts";
import { beginningOf, requireSize } from "../explain/beginning.ts";
import { activations } from "../explain/activations.ts";
import { type InputUnits, toInputs, UNIT_PIXELS } from "../explain/input_units.ts";
import type { Network } from "../layers/layer.ts";
import { layersOf } from "../layers/layers_of.ts";
import { layerEnergy, type Objective } from "../explain/objective.ts";
import { fold, type Key, key as keyOf } from "../tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { ascend, type AscendOptions, type AscendReport } from "./ascend.ts";
import { normalizedAscent } from "./normalized_ascent.ts";
import { guidedBy } from "./objectives.ts";
import { pyramidOf, resized, sizesOf } from "./octaves.ts";
import { pixels } from "./parametrization.ts";
import { jitter as shift } from "./transforms.ts";

/** What {@linkcode deepDream} says of each step. */
export type DreamReport = AscendReport & {
  /** From 0, the coarsest. */
  readonly octave: number;
  readonly octaves: number;
};

/** Options of {@linkcode deepDream}. */
export type DeepDreamOptions = {
  /** The layer whose answers are amplified. */
  readonly layer: Path;
  /** Climbed in the place of the layer's energy; its paths take the place of `layer`. */
  readonly objective?: Objective;
  /** An image `[H, W, C]` of any size, pixels 0 to 1: what is amplified is what it has too. Default: none. */
  readonly guide?: Tensor;
  /** How many sizes, the image's own last, from 1. Default: 4. */
  readonly octaves?: number;
  /** How much larger each is than the one before, above 1. Default: 1.4. */
  readonly octaveScale?: number;
  /** Steps at each size, from 1. Default: 20. */
  readonly steps?: number;
  /** Root mean square of a step, of pixels from 0 to 1. Default: 0.007. */
  readonly rate?: number;
  /** How far the image is shifted at most before each step, in pixels. Default: 16, or an eighth of the shorter side. */
  readonly jitter?: number;
  /** What the network does to pixels before it sees them. Default: nothing. */
  readonly units?: InputUnits;
  /** The way back through ReLUs. Default: `"backprop"`. */
  readonly rule?: BackwardRule;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
  /** Called before each step, and after the last of each size. */
  readonly onStep?: (report: DreamReport) => void | Promise<void>;
  /** Ends the dream after the step under way; what was reached is answered, at the image's own size. */
  readonly signal?: AbortSignal;
  /** Whether steps are recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** What {@linkcode deepDream} answers. */
export type Dreamt = {
  /** The image, pixels 0 to 1, `[1, H, W, C]`; the caller owns it. */
  readonly images: Tensor;
  /** Of each size, the objective's value before each step and after the last. */
  readonly scores: readonly (readonly number[])[];
};

/**
 * Lets a network dream: climbs ½ Σ z² of a layer's answers to an image (§12.9.4), or, with a
 * guide, their products with the guide's. It begins small, and what has changed at a size is
 * enlarged and added to the image of the next, so that things of several sizes appear. The
 * chapter's rule x ← x − η ∂L/∂x would go down; this goes up, by steps of one size.
 *
 * Of a model that is a chain only the part up to the layer is run, and without a padding to its
 * size that it may begin with: images may have any size that this part takes.
 *
 * Mordvintsev, Olah and Tyka, "Inceptionism", 2015.
 *
 * @param network the network
 * @param image a photo, or noise, pixels 0 to 1, `[H, W, C]`
 * @param options layer, sizes, steps, guide
 * @returns the image and the scores
 * @throws {RangeError} where the layer is not there, a number is out of its range, or the image is too small for the layer at its smallest size
 * @throws {TypeError} where image or guide are not `[H, W, C]`
 *
 * @example
 * ```ts
 * import { assertEquals, assertGreater } from "@std/assert";
 * import { deepDream } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf, uniformArray } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const noise = tf.tensor3d(uniformArray(key(1), 40 * 60), [40, 60, 1]);
 * const options = { layer: "conv2", octaves: 2, steps: 2 };
 * const { images, scores } = await deepDream({ model, params, state }, noise, options);
 * assertEquals(images.shape, [1, 40, 60, 1]);
 * assertGreater(scores[1]![2]!, scores[1]![0]!);
 * ```
 */
export async function deepDream<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  image: Tensor,
  options: DeepDreamOptions,
): Promise<Dreamt> {
  const { octaves = 4, octaveScale = 1.4, key = keyOf(0), onStep, signal } = options;
  requireImage("an image", image);
  const sizes = sizesOf(image.shape, octaves, octaveScale);
  const dream = dreamOf(network, image, options);
  sizes.forEach((size) => requireOctave(dream, [...size, image.shape[2]!]));
  const bases = pyramidOf(image, sizes);
  const scores: (readonly number[])[] = [];
  let detail: Tensor = tf.zeros(bases[0]!.shape);
  /** An octave's image, with what has changed in the ones before. */
  const changed = (octave: number): Tensor =>
    tf.tidy(() => tf.add(bases[octave]!, resized(detail, sizes[octave]!)));
  try {
    for (const [octave, base] of bases.entries()) {
      if (signal?.aborted) break;
      const start = changed(octave);
      const climbed = await ascend(dream.network, dream.objective, {
        ...dream.options,
        shape: base.shape.slice(1),
        parametrization: pixels({ start }),
        key: fold(key, octave),
        ...(onStep ? { onStep: (report) => onStep({ ...report, octave, octaves }) } : {}),
      });
      scores.push(climbed.scores);
      tf.dispose([start, detail]);
      detail = tf.sub(climbed.images, base);
      climbed.images.dispose();
    }
    return { images: tf.tidy(() => tf.clipByValue(changed(octaves - 1), 0, 1)), scores };
  } finally {
    tf.dispose([detail, ...bases, ...dream.held]);
  }
}

function requireImage(what: string, image: Tensor): void {
  if (image.rank === 3) return;
  throw new TypeError(
    `Cannot dream: ${what} must be of shape [H, W, C], got [${image.shape}]`,
  );
}

/** What is the same at all sizes. */
type Dream = {
  readonly network: Network;
  readonly objective: Objective;
  readonly options: Partial<AscendOptions>;
  /** Tensors to be disposed of afterwards. */
  readonly held: readonly Tensor[];
};

function dreamOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  image: Tensor,
  options: DeepDreamOptions,
): Dream {
  const { layer, guide, octaves: _octaves, octaveScale: _scale, onStep: _onStep, ...rest } =
    options;
  const { steps = 20, rate = 0.007, jitter = shiftFor(image.shape) } = options;
  const paths = options.objective?.paths ?? [layer];
  const beginning = beginningOf(network, image.shape, paths, { unpadded: true });
  const features = guide && featuresOf(beginning, guide, options);
  return {
    network: beginning,
    objective: options.objective ?? (features ? guidedBy(layer, features) : layerEnergy(layer)),
    options: {
      ...rest,
      steps,
      optimizer: normalizedAscent({ rate }),
      transforms: jitter === 0 ? [] : [shift(jitter)],
    },
    held: features ? [features] : [],
  };
}

/** How far images are shifted, where the options do not say. */
const shiftFor = ([height, width]: Shape): number => Math.min(16, Math.min(height!, width!) >> 3);

/** What a layer answers to the guide. */
function featuresOf(
  network: Network,
  guide: Tensor,
  { layer, units = UNIT_PIXELS }: DeepDreamOptions,
): Tensor {
  requireImage("the guide", guide);
  requireSize(network, guide.shape);
  const inputs = tf.tidy(() => toInputs(tf.expandDims(guide, 0), units));
  const features = activations(network.model, network.params, network.state, inputs, [layer]);
  inputs.dispose();
  return features.get(layer)!;
}

/** The most that the layers' answers to one image may come to: 4 GiB. */
const MOST_BYTES = 2 ** 32;

/** Refuses a size that the network does not take, or that does not fit into memory. */
function requireOctave({ network, objective }: Dream, shape: Shape): void {
  try {
    requireSize(network, shape);
    objective.check(network.model, shape);
  } catch (error) {
    if (error instanceof Error) {
      error.message = `At ${shape[0]} × ${shape[1]} pixels: ${error.message}`;
    }
    throw error;
  }
  const sizes = [...layersOf(network.model, shape).values()].map((info) => sizeOf(info.shape));
  const bytes = 4 * sizes.reduce((sum, size) => sum + size, 0);
  if (bytes <= MOST_BYTES) return;
  throw new RangeError(
    `Cannot dream: what the layers answer must come to at most ${MOST_BYTES} bytes, got ${bytes} for ${
      shape[0]
    } × ${shape[1]} pixels`,
  );
}
