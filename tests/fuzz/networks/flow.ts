// What the references of layers share: parameters in, gradients and statistics out.
import type { Key } from "../../../mod.ts";
import { add, type Bounded, zerosOf } from "./bounded.ts";

/** Tensors by path. */
export type Bounds = Map<string, Bounded>;

/** One pass through a network. */
export type Flow = {
  readonly training: boolean;
  readonly params: ReadonlyMap<string, Bounded>;
  readonly state: ReadonlyMap<string, Bounded>;
  /** The next state, filled on the way. */
  readonly nextState: Bounds;
  /** The gradients, filled on the way back. */
  readonly grads: Bounds;
  /** Decisions that float32's rounding may take either way: ReLUs at zero, maxima that tie. */
  undecided: number;
};

/** The slopes by a layer's input, of those by its output. */
export type Back = (dy: Bounded) => Bounded;

/** A layer's output, and its way back. */
export type Passed = readonly [y: Bounded, back: Back];

/** Where a layer is. */
export type Place = { readonly path: string; readonly key: Key };

/** A parameter of the layer at a path. */
export function paramOf(flow: Flow, path: string, name: string): Bounded {
  return flow.params.get(join(path, name))!;
}

/** Adds to the gradient by a parameter of the layer at a path, which may be run several times. */
export function setGrad(flow: Flow, path: string, name: string, grad: Bounded): void {
  const { shape } = paramOf(flow, path, name);
  const own = { ...grad, shape };
  const before = flow.grads.get(join(path, name));
  flow.grads.set(join(path, name), before ? add(before, own) : own);
}

/** A path within another. */
export function join(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** Fills in the gradients by parameters that the loss does not depend on. */
export function fillGrads(flow: Flow): void {
  for (const [path, { shape }] of flow.params) {
    if (!flow.grads.has(path)) flow.grads.set(path, zerosOf(shape));
  }
}
