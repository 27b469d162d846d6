// Integrated gradients: what each number adds on the way from a baseline to the image.
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import {
  type Attribution,
  attributionOf,
  type LongOptions,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { type Baseline, baselineOf, requireBaseline } from "./baseline.ts";
import { scoresOf, sumOfGradients } from "./gradients.ts";
import type { Network } from "../../layers/layer.ts";
import { quadrature, type QuadratureRule } from "./quadrature.ts";

/** Options of {@linkcode integratedGradients}. */
export type IntegratedGradientsOptions = LongOptions & {
  /** Where the way begins, in the network's units. Default: 0, as in Captum. */
  readonly baseline?: Baseline;
  /** How many gradients along the way, from 1. Default: 50. */
  readonly steps?: number;
  /** Where they are taken. Default: `"gauss-legendre"`, as in Captum. */
  readonly quadrature?: QuadratureRule;
  /** The way back through ReLUs; only with the gradient is the sum complete. Default: `"backprop"`. */
  readonly rule?: BackwardRule;
};

/** What {@linkcode integratedGradients} answers. */
export type IntegratedGradients = Attribution & {
  /** The objective's value for each image's baseline. */
  readonly baselineScores: readonly number[];
  /** For each image, the numbers' sum less the difference of the two scores: 0 for an exact integral. */
  readonly deltas: readonly number[];
};

/**
 * Shares out the difference between the answers to an image and to a baseline among the image's
 * numbers: (x − b) · ∫ ∂S/∂x (b + α (x − b)) dα from 0 to 1. Their sum is S(x) − S(b), but for
 * what the integral's approximation leaves, the convergence delta (Sundararajan, Taly and Yan,
 * "Axiomatic Attribution for Deep Networks", 2017).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`, in its own units
 * @param target a class's index, for the class's logit, or an objective
 * @param options baseline, steps, quadrature, rule; progress, signal, jit
 * @returns a number for each of the image's, for and against, `[N, H, W, C]`, and the deltas
 * @throws {TypeError} where `x` or the baseline is not what the network was made for, or the rule
 * is about ReLUs and the model has none
 * @throws {RangeError} where an option is not in its range, or the target does not fit the model
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { integratedGradients } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const x = tf.ones([1, 28, 28, 1]);
 * const { deltas } = await integratedGradients({ model, params, state }, x, 3, { steps: 8 });
 * assertAlmostEquals(deltas[0]!, 0, 0.01);
 * ```
 */
export async function integratedGradients<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: IntegratedGradientsOptions = {},
): Promise<IntegratedGradients> {
  const { baseline = 0, steps = 50, rule = "backprop" } = options;
  const objective = requireExplainable(network, x, target, rule);
  requireBaseline(baseline, x);
  const points = quadrature(options.quadrature ?? "gauss-legendre", steps);
  const from = baselineOf(baseline, x);
  const way = tf.tidy(() => tf.sub(x, from));
  try {
    const pointAt = (index: number): { x: Tensor; weight: number } => ({
      x: tf.tidy(() => tf.add(from, tf.mul(way, points[index]!.at))),
      weight: points[index]!.weight,
    });
    const mean = await sumOfGradients(network, objective, steps, pointAt, { ...options, rule });
    const values = tf.tidy(() => tf.mul(mean, way));
    mean.dispose();
    const first = tf.tidy(() => scoresOf(network, objective, from));
    const last = tf.tidy(() => scoresOf(network, objective, x));
    const baselineScores = [...await first.data()];
    first.dispose();
    const found = await attributionOf("integrated gradients", objective, values, last);
    return { ...found, baselineScores, deltas: deltasOf(found, baselineScores) };
  } finally {
    tf.dispose([from, way]);
  }
}

function deltasOf({ scores, values }: Attribution, baselineScores: readonly number[]): number[] {
  const each = values.length / scores.length;
  return scores.map((score, i) => {
    const own = values.subarray(i * each, (i + 1) * each);
    return own.reduce((sum, value) => sum + value, 0) - (score - baselineScores[i]!);
  });
}
