// Whether a model outputs logits, of which losses and probabilities are made.
import type { ShapeTree } from "../tensor/tensor.ts";
import type { AnyModel, Declaration } from "./layer.ts";

/**
 * Refuses a classifier that ends in a softmax, at whatever depth: a second one would be applied to its
 * probabilities, of which all are then nearly the same.
 *
 * @param action what cannot be done, such as `evaluate`
 * @param model the model
 * @param shape shape of one input, without the batch
 * @throws {RangeError} if it ends in a softmax
 */
export function requireLogits(action: string, model: AnyModel, shape: ShapeTree): void {
  // deno-lint-ignore no-explicit-any -- of whatever inputs the model has
  if (!endsInSoftmax(model.op, model.declare(shape as any))) return;
  throw new RangeError(
    `Cannot ${action}: the model must output logits, got a model that ends in "softmax". Leave that layer out: losses and probabilities apply it themselves`,
  );
}

function endsInSoftmax(op: string, declaration: Declaration): boolean {
  const { children, arrangement = "chain", ends } = declaration;
  if (!children) return op === "softmax";
  const last = arrangement === "chain"
    ? children.slice(-1)
    : children.filter(({ name }) => ends?.includes(name));
  return last.some(({ layer, declaration }) => endsInSoftmax(layer.op, declaration));
}
