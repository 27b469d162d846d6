// Backward passes through ReLUs (§12.9.3, Figure 12.28): the gradient, DeconvNet and guided backpropagation.
import type { Intercept, Layer, Site } from "../layers/layer.ts";
import { layersOf } from "../layers/layers_of.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Tree } from "../tensor/tree.ts";

/**
 * What a ReLU y = max(0, x) passes back of a gradient r: `"backprop"` the gradient of the ReLU, r
 * if x > 0; `"deconvnet"` r if r > 0 (Zeiler and Fergus, 2013); `"guided"` r if x > 0 and r > 0
 * (Springenberg, Dosovitskiy, Brox and Riedmiller, 2014).
 *
 * Other layers that say they rectify, such as ReLU6, pass on max(0, r) by `"deconvnet"`, and by
 * `"guided"` their own gradient of it. Activations that do not say so keep their gradient.
 */
export type BackwardRule = "backprop" | "deconvnet" | "guided";

/** The rules by name. */
export const BACKWARD_RULES: readonly BackwardRule[] = ["backprop", "deconvnet", "guided"];

/**
 * Refuses an unknown rule, or one for ReLUs if the model has none.
 *
 * @param shape shape of one input, without the batch
 * @throws {RangeError} if the rule is unknown
 * @throws {TypeError} if the rule is for ReLUs and the model has none
 */
export function requireRule<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  rule: BackwardRule,
): void {
  if (!BACKWARD_RULES.includes(rule)) {
    const names = BACKWARD_RULES.join(", ");
    throw new RangeError(`Cannot backpropagate: the rule must be one of ${names}, got ${rule}`);
  }
  if (rule === "backprop") return;
  const layers = [...layersOf(model, shape).values()];
  if (layers.some(isRectifier)) return;
  const ops = [...new Set(layers.map(({ op }) => op))].join(", ");
  throw new TypeError(
    `Cannot backpropagate by the ${rule} rule: the model must have a ReLU, or an activation that says it rectifies, got a model of ${ops}`,
  );
}

/**
 * An intercept under which the gradients of a model's ReLUs follow a rule. Outputs stay the same.
 * The switches of max pooling are those of the forward pass in all three rules (Figure 12.27).
 *
 * @param rule the rule
 * @returns the intercept; `undefined` for the gradient itself
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { relu, sequential, start, tf } from "@neocog/neocog";
 * import { ruleIntercept } from "./backward_rule.ts";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ relu1: relu() });
 * const r = tf.tensor1d([-2, 3, -1, 4]);
 * const back = async (rule: "backprop" | "deconvnet" | "guided") => {
 *   const intercept = ruleIntercept(rule);
 *   const f = (x: tf.Tensor) => model.apply({ relu1: {} }, { relu1: {} }, x, { intercept })[0];
 *   return await tf.grad(f)(tf.tensor1d([1, -1, 2, 5]), r).array();
 * };
 * assertEquals(await back("backprop"), [-2, 0, -1, 4]);
 * assertEquals(await back("deconvnet"), [0, 3, 0, 4]);
 * assertEquals(await back("guided"), [0, 0, 0, 4]);
 * ```
 */
export function ruleIntercept(rule: BackwardRule): Intercept | undefined {
  if (rule === "backprop") return undefined;
  return (site, x, next) => {
    if (!isRectifier(site)) return next(x);
    return rule === "guided" ? rectifiedBack(tf.clone)(next(x)) : rectifiedBack(next)(x);
  };
}

/** Whether the rules treat a layer as a ReLU. */
function isRectifier({ op, rectifies }: Pick<Site, "op" | "rectifies">): boolean {
  return op === "relu" || rectifies === true;
}

/** A function whose gradient is that of the output, where it is above 0. */
function rectifiedBack(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return tf.customGrad((x) => ({
    value: f(x as Tensor),
    gradFunc: (dy: Tensor) => tf.relu(dy),
  }));
}
