// Maps from one gradient by the image: saliency, and input × gradient.
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import { type Attribution, attributionOf, requireExplainable, type Target } from "./attribution.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { gradientOf } from "./gradients.ts";
import type { Network } from "../../layers/layer.ts";

/** Options of {@linkcode saliency} and {@linkcode inputTimesGradient}. */
export type SaliencyOptions = {
  /** The way back through ReLUs. Default: `"backprop"`, the gradient. */
  readonly rule?: BackwardRule;
};

/**
 * Where a small change of a pixel changes the answer most: max over channels of |∂S/∂x|
 * (Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013, §3.1).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`, in its own units
 * @param target a class's index, for the class's logit, or an objective
 * @param options the rule
 * @returns one number a pixel, from 0, `[N, H, W, 1]`
 * @throws {TypeError} where `x` is not what the network was made for, or the rule is about ReLUs
 * and the model has none
 * @throws {RangeError} where the target does not fit the model, or a number is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { saliency } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const { shape, scores } = await saliency({ model, params, state }, tf.ones([1, 28, 28, 1]), 3);
 * assertEquals([shape, scores.length], [[1, 28, 28, 1], 1]);
 * ```
 */
export async function saliency<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: SaliencyOptions = {},
): Promise<Attribution> {
  return await byGradient("saliency", network, x, target, options, largestOfChannels);
}

/**
 * What each number of the image adds to the answer, if the network were linear there: x · ∂S/∂x
 * (Shrikumar, Greenside, Shcherbina and Kundaje, 2016).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`, in its own units
 * @param target a class's index, for the class's logit, or an objective
 * @param options the rule
 * @returns a number for each of the image's, for and against, `[N, H, W, C]`
 * @throws {TypeError} where `x` is not what the network was made for, or the rule is about ReLUs
 * and the model has none
 * @throws {RangeError} where the target does not fit the model, or a number is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, flatten, sequential, start, tf } from "@neocog/neocog";
 * import { inputTimesGradient } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 1, bias: false }) });
 * const params = { flatten: {}, logits: { kernel: tf.tensor2d([[3], [-1]]) } };
 * const network = { model, params, state: { flatten: {}, logits: {} } };
 * const { values } = await inputTimesGradient(network, tf.tensor4d([2, 5], [1, 1, 2, 1]), 0);
 * assertEquals([...values], [6, -5]);
 * ```
 */
export async function inputTimesGradient<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: SaliencyOptions = {},
): Promise<Attribution> {
  return await byGradient("input × gradient", network, x, target, options, (gradient) => {
    return tf.mul(gradient, x);
  });
}

async function byGradient<P extends Tree, S extends Tree>(
  method: string,
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  { rule = "backprop" }: SaliencyOptions,
  mapOf: (gradient: Tensor) => Tensor,
): Promise<Attribution> {
  const objective = requireExplainable(network, x, target, rule);
  const { values, scores } = tf.tidy(() => {
    const { scores, gradient } = gradientOf(network, objective, x, rule);
    return { values: mapOf(gradient), scores };
  });
  return await attributionOf(method, objective, values, scores);
}

/** Max over channels of the magnitude, `[N, H, W, 1]`. */
export function largestOfChannels(gradient: Tensor): Tensor {
  return tf.max(tf.abs(gradient), -1, true);
}
