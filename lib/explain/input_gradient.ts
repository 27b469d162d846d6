// The gradient of an objective with respect to the image, by any backward rule.
import type { Intercept, Network } from "../layers/layer.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tap } from "./activations.ts";
import { type BackwardRule, requireRule, ruleIntercept } from "./backward_rule.ts";
import { type Objective, requireObjective } from "./objective.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode inputGradient}, and of all methods that use one. */
export type InputGradientOptions = {
  /** The backward rule for ReLUs. Default: `"backprop"`, the gradient. */
  readonly rule?: BackwardRule;
};

/** What {@linkcode inputGradient} returns; the caller owns both tensors. */
export type InputGradient = {
  /** The objective for each image alone, `[N]`. */
  readonly scores: Tensor;
  /** The gradient of the objective for the batch, of the shape of the images. */
  readonly gradient: Tensor;
};

/** The outputs of layers by path. */
type Outputs = (path: Path) => Tensor;

/** Runs a network forward under a rule, and an intercept around that of the rule. */
function outputsOf<P extends Tree, S extends Tree>(
  { model, params, state }: Network<P, S>,
  paths: readonly Path[],
  x: Tensor,
  rule: BackwardRule,
  around?: Intercept,
): Outputs {
  const outputs = new Map<Path, Tensor>();
  const inner = nested(around, ruleIntercept(rule));
  // Without an intercept, neighboring layers can be fused.
  const isTapped = paths.some((path) => path !== "");
  const intercept = isTapped ? tap(paths, outputs, inner) : inner;
  outputs.set("", model.apply(params, state, x, intercept ? { intercept } : {})[0]);
  return (path) => outputs.get(path)!;
}

function nested(outer?: Intercept, inner?: Intercept): Intercept | undefined {
  if (!outer || !inner) return outer ?? inner;
  return (site, x, next) => outer(site, x, (input) => inner(site, input, next));
}

/** The objective for each image alone, `[N]`. */
function eachScore(objective: Objective, output: Outputs, x: Tensor): Tensor {
  const count = x.shape[0]!;
  if (count === 1) return tf.reshape(objective.score(output, x), [1]);
  const only = (tensor: Tensor, i: number): Tensor => tf.slice(tensor, [i], [1]);
  return tf.stack(Array.from(
    { length: count },
    (_, i) => objective.score((path) => only(output(path), i), only(x, i)),
  ));
}

/**
 * An objective for a batch of images, differentiable.
 *
 * @param x the network's inputs `[N, H, W, C]`
 */
export function scoreOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  objective: Objective,
  rule: BackwardRule,
): Scalar {
  return objective.score(outputsOf(network, objective.paths, x, rule), x);
}

/**
 * An objective for each of some images, differentiable.
 *
 * @param x the network's inputs `[N, H, W, C]`
 * @returns the scores `[N]`
 */
export function scoresOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  objective: Objective,
  rule: BackwardRule = "backprop",
  around?: Intercept,
): Tensor {
  return eachScore(objective, outputsOf(network, objective.paths, x, rule, around), x);
}

/**
 * The gradient of an objective with respect to the images, ∂S/∂x, in one forward and one backward
 * pass.
 *
 * @param network the network
 * @param x the network's inputs `[N, H, W, C]`
 * @param objective what is differentiated
 * @param options the backward rule
 * @returns the score of each image, and the gradient
 * @throws {RangeError} if the objective does not fit the model
 * @throws {TypeError} if the rule is for ReLUs and the model has none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classLogit, inputGradient } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { scores, gradient } = inputGradient(network, tf.zeros([2, 28, 28, 1]), classLogit(3));
 * assertEquals([scores.shape, gradient.shape], [[2], [2, 28, 28, 1]]);
 * ```
 */
export function inputGradient<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  objective: Objective,
  options: InputGradientOptions = {},
): InputGradient {
  requireOptions("compute a gradient", options, { rule: true });
  const { rule = "backprop" } = options;
  const shape = x.shape.slice(1);
  requireObjective("take the gradient", objective);
  objective.check(network.model, shape);
  requireRule(network.model, shape, rule);
  const { value, grads, aux } = valueAndGrad((images: { x: Tensor }) => {
    const output = outputsOf(network, objective.paths, images.x, rule);
    const score = objective.score(output, images.x);
    const isOne = x.shape[0] === 1;
    const scores = isOne ? tf.reshape(score, [1]) : eachScore(objective, output, images.x);
    return [score, { scores }];
  })({ x });
  value.dispose();
  return { scores: aux.scores, gradient: grads.x };
}
