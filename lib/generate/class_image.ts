// The image that a network takes most for a class (§12.9.4).
import { channel, classLogit, type Objective } from "../explain/objective.ts";
import { toPixels, UNIT_PIXELS } from "../explain/input_units.ts";
import type { Network } from "../layers/layer.ts";
import type { Layer } from "../layers/layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { affineChain } from "./affine_chain.ts";
import { ascend, type Ascended, type AscendOptions } from "./ascend.ts";
import { fourier } from "./fourier.ts";
import { normalizedAscent } from "./normalized_ascent.ts";
import { pixels } from "./parametrization.ts";
import { centerBlur } from "./center_blur.ts";
import { l2, totalVariation } from "./regularizers.ts";
import { jitter, rescale, rotate } from "./transforms.ts";

/**
 * How a class image is made: `"l2"`, the chapter's first way, in pixels from zeros, with λ‖I‖²
 * taken off; `"natural"`, its improved one, in waves of decorrelated colors, with total variation,
 * a blur that favors the middle, and jitter, scales and turns.
 */
export type ClassImageStyle = "l2" | "natural";

/** Options of {@linkcode classImage}; those of `ascend` take the place of the style's. */
export type ClassImageOptions = AscendOptions & {
  /** Default: `"natural"`. */
  readonly style?: ClassImageStyle;
  /**
   * Images to begin with, pixels `[H, W, C]`: as the chapter says, the mean of the class's.
   * Default: the network's zero for `"l2"`, noise for `"natural"`.
   */
  readonly start?: Tensor;
};

/**
 * The class as what is climbed: its logit, or, where feature maps are rectified before their means
 * are the logits, the mean of the class's map before that.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @param index the class
 * @returns the objective
 * @throws {RangeError} where there is no such class, or the model does not answer logits
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classScore } from "@neocog/neocog/generate";
 * import { squeezenet } from "@neocog/neocog";
 *
 * assertEquals(classScore(squeezenet(), [224, 224, 3], 7).paths, ["conv10"]);
 * ```
 */
export function classScore<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  index: number,
): Objective {
  const whole = classLogit(index);
  whole.check(model, shape);
  const children = model.op === "sequential" ? model.declare(shape).children ?? [] : [];
  const [last, rectified, before] = children.toReversed().map(({ name, layer }) => ({
    name,
    op: layer.op,
  }));
  if (last?.op !== "globalMeanPool" || rectified?.op !== "relu" || !before) return whole;
  return { ...channel(before.name, index), name: whole.name };
}

/**
 * Makes an image that a network takes for a class: climbs the class's logit S_c(I) less what the
 * regularizers take off. The chapter's first way is style `"l2"`, its improved one `"natural"`.
 *
 * Where the model rectifies its feature maps before it takes their means, as SqueezeNet, the maps
 * are climbed before they are rectified: a class that nothing speaks for has no slope after it.
 *
 * Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2013; Nguyen, Yosinski
 * and Clune, "Multifaceted feature visualization", 2016.
 *
 * @param network the network, which answers logits
 * @param index the class, from 0
 * @param options the images' shape, what the network does to pixels, steps (default 96), style
 * @returns images `[N, H, W, C]`, pixels 0 to 1, and the scores of the way there; the caller owns the images
 * @throws {RangeError} where there is no such class, the model does not answer logits, or `steps` is not a whole number from 1
 * @throws {TypeError} where the images to begin with are of another shape
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { classImage } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const made = await classImage({ model, params, state }, 3, { shape: [28, 28, 1], steps: 3 });
 * assertGreater(made.scores[3]!, made.scores[0]!);
 * ```
 */
export async function classImage<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  index: number,
  options: ClassImageOptions,
): Promise<Ascended> {
  const { style = "natural", start, steps = 96, ...own } = options;
  const { shape, count = 1, units = UNIT_PIXELS } = options;
  const objective = classScore(network.model, shape, index);
  const first = tf.tidy(() => {
    const zeros = (): Tensor => toPixels(tf.zeros([1, ...shape]), units);
    const one = start ?? (style === "l2" ? zeros() : undefined);
    return one && tf.tile(tf.reshape(one, [1, ...one.shape.slice(-3)]), [count, 1, 1, 1]);
  });
  try {
    const defaults = style === "l2" ? plain(first!) : natural(shape, first);
    return await ascend(network, objective, { ...defaults, ...own, steps });
  } finally {
    first?.dispose();
  }
}

/** In pixels, with L2. */
function plain(start: Tensor): Partial<AscendOptions> {
  return {
    parametrization: pixels({ start }),
    regularizers: [l2(0.01)],
    optimizer: normalizedAscent({ rate: 0.01 }),
  };
}

/** What images of `side` pixels have where ones of 224 have `of224`. */
const inProportion = (of224: number, side: number): number => Math.round(of224 * side / 224);

function natural(shape: Shape, start: Tensor | undefined): Partial<AscendOptions> {
  const side = Math.min(shape[0]!, shape[1]!);
  return {
    parametrization: fourier(start ? { start } : {}),
    transforms: [
      affineChain([
        jitter(inProportion(16, side)),
        rescale(),
        rotate(),
        jitter(inProportion(8, side)),
      ]),
    ],
    regularizers: [totalVariation(0.01), centerBlur(0.2, { sigma: Math.max(0.5, side / 100) })],
  };
}
