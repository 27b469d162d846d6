// Which layers take the activation after them into their own pass.
import type { Activation } from "../tensor/activation.ts";
import type { AnyLayer } from "./layer.ts";

type Apply = AnyLayer["apply"];

/**
 * Known by what they do, not by what they are called: a layer made of another
 * with an `apply` of its own is not taken for it.
 */
const activations = new WeakMap<Apply, Activation>();
const fusions = new WeakMap<Apply, (activation: Activation) => Apply>();

/** Says that a layer's `apply` is an activation and nothing else. */
export function isActivation(apply: Apply, activation: Activation): void {
  activations.set(apply, activation);
}

/** Says how a layer's `apply` takes an activation into its own pass. */
export function takesActivation(apply: Apply, withActivation: (a: Activation) => Apply): void {
  fusions.set(apply, withActivation);
}

/**
 * Two layers as one, where the second is an activation that the first can take
 * into its own pass: the same numbers, with one pass over them less.
 *
 * @param first the layer
 * @param next the layer after it
 * @returns the first with the activation, or `undefined`
 */
export function fuse(first: AnyLayer, next: AnyLayer | undefined): AnyLayer | undefined {
  const activation = next && activations.get(next.apply);
  const withActivation = fusions.get(first.apply);
  if (!activation || !withActivation) return undefined;
  return { ...first, apply: withActivation(activation) };
}
