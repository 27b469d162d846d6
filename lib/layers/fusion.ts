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

const rectifications = new WeakMap<Apply, Apply>();

/** Says that a layer's `apply` is an activation and nothing else. */
export function isActivation(apply: Apply, activation: Activation): void {
  activations.set(apply, activation);
}

/** Says how a layer's `apply` takes an activation into its own pass. */
export function takesActivation(apply: Apply, withActivation: (a: Activation) => Apply): void {
  fusions.set(apply, withActivation);
}

/** Says what a layer's `apply` is where a ReLU before it is taken into its own pass. */
export function takesReluBefore(apply: Apply, rectified: Apply): void {
  rectifications.set(apply, rectified);
}

/**
 * Two layers as one, where the first is a ReLU that the second can take into its own
 * pass: the same numbers, with no pass for the ReLU, nor for its gradient.
 *
 * @param first the layer
 * @param next the layer after it
 * @returns the second with the ReLU, or `undefined`
 */
export function fuseBefore(first: AnyLayer, next: AnyLayer): AnyLayer | undefined {
  const rectified = rectifications.get(next.apply);
  if (!rectified || activations.get(first.apply) !== "relu") return undefined;
  return { ...next, apply: rectified };
}

/**
 * Two layers as one, where the second is an activation that the first can take
 * into its own pass: the same numbers, with one pass over them less.
 *
 * @param first the layer
 * @param next the layer after it
 * @returns the first with the activation, or `undefined`
 */
export function fuse(first: AnyLayer, next: AnyLayer): AnyLayer | undefined {
  const activation = activations.get(next.apply);
  const withActivation = fusions.get(first.apply);
  if (!activation || !withActivation) return undefined;
  return { ...first, apply: withActivation(activation) };
}
