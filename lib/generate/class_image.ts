// Images of a class (§12.9.4).
import { type ImageNetwork, scalingFor, shapeFor, toPixels } from "../explain/input_pixels.ts";
import { channel, classLogit, type Objective } from "../explain/objective.ts";
import type { Layer } from "../layers/layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Tree } from "../tensor/tree.ts";
import { affineChain } from "./affine_chain.ts";
import { ascend, type AscendOptions, ASCENT_OPTIONS, type AscentResult } from "./ascend.ts";
import { fourier } from "./fourier.ts";
import { normalizedAscent } from "./normalized_ascent.ts";
import { offCenterDetail } from "./off_center_detail.ts";
import { pixels } from "./parametrization.ts";
import { l2, totalVariation } from "./regularizers.ts";
import { jitter, randomRotate, randomScale } from "./transforms.ts";
import { requireOptions } from "../text/require.ts";

/**
 * How a class image is made: `"l2"`, the chapter's first way, in pixels from zeros, with the penalty
 * λ‖I‖²; `"natural"`, its improved one, as waves of decorrelated colors, with total variation, a
 * penalty on off-center detail, and random jitter, scale and rotation.
 */
export type ClassImageStyle = "l2" | "natural";

/** Options of {@linkcode featureImage} and {@linkcode classImage}; those of `ascend` replace the style's. */
export type ClassImageOptions = AscendOptions & {
  /** Default: `"natural"`. */
  readonly style?: ClassImageStyle;
  /**
   * The initial image, pixels `[H, W, C]`; the chapter takes the mean of the class. Default: the
   * network's zero for `"l2"`, noise for `"natural"`.
   */
  readonly start?: Tensor;
};

/** The names of {@linkcode ClassImageOptions}. */
export const CLASS_IMAGE_OPTIONS: Readonly<Record<keyof ClassImageOptions, true>> = {
  ...ASCENT_OPTIONS,
  shape: true,
  count: true,
  onStep: true,
  style: true,
  start: true,
};

/**
 * The objective for a class: its logit, or, if feature maps pass a ReLU before their means are the
 * logits, the mean of the class's map before the ReLU, where a class without evidence still has a
 * gradient.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @param index the class
 * @returns the objective
 * @throws {RangeError} if there is no such class, or the model does not output logits
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classScore } from "./class_image.ts";
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
  const [last, rectified, before] = children.toReversed();
  const isRectified = last?.layer.op === "globalMeanPool" && rectified?.layer.op === "relu";
  if (!isRectified || !before) return whole;
  return { ...channel(before.name, index), name: whole.name };
}

/**
 * Makes an image of a class: maximizes the logit S_c(I) minus penalties. The chapter's first way is
 * style `"l2"`, its improved one `"natural"`. Of models such as SqueezeNet, which rectify their
 * feature maps before they take the means, the maps before the ReLU are maximized.
 *
 * Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2013; Nguyen, Yosinski
 * and Clune, "Multifaceted feature visualization", 2016.
 *
 * @param network the network, which outputs logits
 * @param index the class, from 0
 * @param options style, initial image, shape, preprocessing, steps (default 96) and others of `ascend`
 * @returns images `[N, H, W, C]`, pixels from 0 to 1, and scores; the caller owns the images
 * @throws {RangeError} if there is no such class, the model does not output logits, or an option is
 * out of its range
 * @throws {TypeError} if the initial image is of another shape, or the shape is not known
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { classImage } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { scores } = await classImage(network, 3, { steps: 3 });
 * assertGreater(scores[3]!, scores[0]!);
 * ```
 */
export async function classImage<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  index: number,
  options: ClassImageOptions = {},
): Promise<AscentResult> {
  requireOptions("make a class image", options, CLASS_IMAGE_OPTIONS);
  const objective = classScore(network.model, shapeFor(network, options.shape), index);
  return await featureImage(network, objective, options);
}

/**
 * Makes an image that a feature responds to most, such as a unit of a layer, in the styles of
 * {@linkcode classImage}, which does it for classes.
 *
 * Erhan, Bengio, Courville and Vincent, "Visualizing higher-layer features of a deep network", 2009;
 * Olah, Mordvintsev and Schubert, "Feature visualization", Distill, 2017.
 *
 * @param network the network
 * @param objective what is maximized, such as `channel("conv2", 5)`
 * @param options style, initial image, shape, preprocessing, steps (default 96) and others of `ascend`
 * @returns images `[N, H, W, C]`, pixels from 0 to 1, and scores; the caller owns the images
 * @throws {RangeError} if the objective does not fit the model, or an option is out of its range
 * @throws {TypeError} if the initial image is of another shape, or the shape is not known
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { channel } from "@neocog/neocog/explain";
 * import { featureImage } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { scores } = await featureImage(network, channel("conv2", 5), { steps: 3 });
 * assertGreater(scores[3]!, scores[0]!);
 * ```
 */
export async function featureImage<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  objective: Objective,
  options: ClassImageOptions = {},
): Promise<AscentResult> {
  requireOptions("make a feature image", options, CLASS_IMAGE_OPTIONS);
  const { style = "natural", start, steps = 96, ...own } = options;
  const shape = shapeFor(network, options.shape);
  const { count = 1 } = options;
  const first = tf.tidy(() => {
    const scaling = scalingFor(network, options.preprocessing);
    const zeros = (): Tensor => toPixels(tf.zeros([1, ...shape]), scaling);
    const one = start ?? (style === "l2" ? zeros() : undefined);
    return one && tf.tile(tf.reshape(one, [1, ...one.shape.slice(-3)]), [count, 1, 1, 1]);
  });
  try {
    const defaults = style === "l2" ? l2Style(first!) : naturalStyle(shape, first);
    return await ascend(network, objective, { ...defaults, ...own, steps });
  } finally {
    first?.dispose();
  }
}

function l2Style(start: Tensor): AscendOptions {
  return {
    parametrization: pixels({ start }),
    regularizers: [l2(0.01)],
    optimizer: normalizedAscent({ rate: 0.01 }),
  };
}

function naturalStyle(shape: Shape, start: Tensor | undefined): AscendOptions {
  const side = Math.min(shape[0]!, shape[1]!);
  const inProportion = (of224: number): number => Math.round(of224 * side / 224);
  const [first, last] = [jitter(inProportion(16)), jitter(inProportion(8))];
  return {
    parametrization: fourier(start ? { start } : {}),
    transforms: [affineChain([first, randomScale(), randomRotate(), last])],
    regularizers: [
      totalVariation(0.01),
      offCenterDetail(0.2, { sigma: Math.max(0.5, side / 100) }),
    ],
  };
}
