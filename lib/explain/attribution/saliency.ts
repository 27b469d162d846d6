// Maps of one gradient with respect to the image: saliency, and input × gradient.
import { requireOptions } from "../../text/require.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { inputGradient, type InputGradientOptions } from "../input_gradient.ts";
import {
  type Attribution,
  readAttribution,
  requireExplainable,
  type Target,
} from "./attribution.ts";

/** What {@linkcode saliency} returns. */
export type Saliency = Attribution & {
  /** The gradient ∂S/∂x with its signs, `[N, H, W, C]` in row-major order. */
  readonly gradient: Float32Array;
};

const OPTIONS: Readonly<Record<keyof InputGradientOptions, true>> = {
  rule: true,
};

/**
 * The pixels whose small change changes the output most: max over channels of |∂S/∂x| (Simonyan,
 * Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013, §3.1). The network runs once,
 * forward and backward.
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options the backward rule
 * @returns one value per pixel, at least 0, `[N, H, W, 1]`, and the gradient
 * @throws {TypeError} if the network does not take such inputs, or the rule is for ReLUs and the
 * model has none
 * @throws {RangeError} if the target does not fit the model, or a value is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { saliency } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { shape, scores } = await saliency(network, tf.ones([1, 28, 28, 1]), 3);
 * assertEquals([shape, scores.length], [[1, 28, 28, 1], 1]);
 * ```
 */
export async function saliency<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: InputGradientOptions = {},
): Promise<Saliency> {
  requireOptions("compute a saliency map", options, OPTIONS);
  const objective = requireExplainable(network, x, target, options.rule);
  const { scores, gradient } = inputGradient(network, x, objective, options);
  const found = await readAttribution("saliency", objective, gradient, scores);
  return largestOfChannels(found);
}

/** Max over channels of the magnitude of a gradient. */
export function largestOfChannels(found: Attribution): Saliency {
  const { shape: [count, height, width, channels], values: gradient } = found;
  const values = new Float32Array(count * height * width);
  gradient.forEach((value, i) => {
    const pixel = Math.floor(i / channels);
    values[pixel] = Math.max(values[pixel]!, Math.abs(value));
  });
  return { ...found, shape: [count, height, width, 1], values, gradient };
}

/**
 * What each input would add to the output if the network were linear: x · ∂S/∂x (Shrikumar,
 * Greenside, Shcherbina and Kundaje, 2016).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options the backward rule
 * @returns a value per input, positive and negative, `[N, H, W, C]`
 * @throws {TypeError} if the network does not take such inputs, or the rule is for ReLUs and the
 * model has none
 * @throws {RangeError} if the target does not fit the model, or a value is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, flatten, sequential, start, tf } from "@neocog/neocog";
 * import { inputTimesGradient } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2, bias: false }) });
 * const params = { flatten: {}, logits: { kernel: tf.tensor2d([[3, 0], [-1, 0]]) } };
 * const network = { model, params, state: { flatten: {}, logits: {} } };
 * const { values } = await inputTimesGradient(network, tf.tensor4d([2, 5], [1, 1, 2, 1]), 0);
 * assertEquals([...values], [6, -5]);
 * ```
 */
export async function inputTimesGradient<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: InputGradientOptions = {},
): Promise<Attribution> {
  requireOptions("compute input times gradient", options, OPTIONS);
  const objective = requireExplainable(network, x, target, options.rule);
  const { values, scores } = tf.tidy(() => {
    const { scores, gradient } = inputGradient(network, x, objective, options);
    return { values: tf.mul(gradient, x), scores };
  });
  return await readAttribution("input × gradient", objective, values, scores);
}
