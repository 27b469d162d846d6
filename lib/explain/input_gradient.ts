// The gradient of an objective by the image, by any rule: what every map and every generated picture begins with.
import type { Intercept } from "../layers/layer.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tap } from "./activations.ts";
import { type BackwardRule, requireRule, ruleIntercept } from "./backward_rule.ts";
import type { Network } from "../layers/layer.ts";
import type { Objective } from "./objective.ts";

/** Options of {@linkcode inputGradient}. */
export type InputGradientOptions = {
  /** The way back through ReLUs. Default: `"backprop"`, the gradient. */
  readonly rule?: BackwardRule;
};

/**
 * What layers answer to images on the way that a rule goes back through.
 *
 * @param network the network
 * @param paths whose outputs are wanted
 * @param x the network's inputs `[N, H, W, C]`
 * @param rule the way back through ReLUs
 * @param around a further intercept, called around that of the rule
 * @returns the outputs by path
 */
export function outputsOf<P extends Tree, S extends Tree>(
  { model, params, state }: Network<P, S>,
  paths: readonly Path[],
  x: Tensor,
  rule: BackwardRule,
  around?: Intercept,
): (path: Path) => Tensor {
  const outputs = new Map<Path, Tensor>();
  const inner = nested(around, ruleIntercept(rule));
  // Where nobody looks between layers, neighbors are one pass.
  const looks = paths.some((path) => path !== "");
  const intercept: Intercept | undefined = looks ? tap(paths, outputs, inner) : inner;
  const y = model.apply(params, state, x, intercept ? { intercept } : {})[0];
  outputs.set("", y);
  return (path) => outputs.get(path)!;
}

function nested(outer?: Intercept, inner?: Intercept): Intercept | undefined {
  if (!outer || !inner) return outer ?? inner;
  return (site, x, next) => outer(site, x, (input) => inner(site, input, next));
}

/**
 * An objective's value for images, as a function that can be differentiated.
 *
 * @param network the network
 * @param objective the objective
 * @param x the network's inputs `[N, H, W, C]`
 * @param rule the way back through ReLUs
 */
export function scoreOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  rule: BackwardRule,
): Scalar {
  return objective.score(outputsOf(network, objective.paths, x, rule), x);
}

/**
 * The gradient of an objective by the images.
 *
 * @param network the network
 * @param objective what is looked at
 * @param x the network's inputs `[N, H, W, C]`
 * @param options the rule
 * @returns the objective's value, summed over the batch, and its gradient, of `x`'s shape; the caller owns both
 * @throws {RangeError} where the objective does not fit the model
 * @throws {TypeError} where the rule is about ReLUs and the model has none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classLogit, inputGradient } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const { gradient } = inputGradient({ model, params, state }, classLogit(3), tf.zeros([1, 28, 28, 1]));
 * assertEquals(gradient.shape, [1, 28, 28, 1]);
 * ```
 */
export function inputGradient<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  options: InputGradientOptions = {},
): { readonly value: Scalar; readonly gradient: Tensor } {
  const { rule = "backprop" } = options;
  const shape = x.shape.slice(1);
  objective.check(network.model, shape);
  requireRule(network.model, shape, rule);
  const climb = valueAndGrad((images: { x: Tensor }) => [
    scoreOf(network, objective, images.x, rule),
    {},
  ]);
  const { value, grads } = climb({ x });
  return { value, gradient: grads.x };
}
