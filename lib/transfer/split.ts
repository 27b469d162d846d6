// Splits a model with frozen parameters, so that the part below is computed once.
import { type Child, type Declaration, type Layer, slotEntries } from "../layers/layer.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";

/** A model in two parts: its output is `tail(body(x))`. Paths and keys are the model's. */
export type FrozenSplit = {
  /** The layers that training does not change, `[N, …] → features [N, …featureShape]`. */
  readonly body: Layer;
  /** The layers above, `features → logits`. */
  readonly tail: Layer;
  /** Shape of one image's features. */
  readonly featureShape: Shape;
  /** The names of the body's layers. */
  readonly bodyNames: readonly string[];
  /** The names of the tail's layers. */
  readonly tailNames: readonly string[];
};

/**
 * Splits a model at its last frozen boundary (Figure 12.23): the body is the longest beginning of
 * its chain in which nothing is trained, random, or has an auxiliary loss, so that every epoch would
 * compute the same there.
 *
 * @param model the model, a {@linkcode sequential}
 * @param inputShape shape of one input, without the batch
 * @param trainable whether the parameter at a path is trained, see {@linkcode freeze}
 * @returns body and tail; `undefined` if the model is no chain, its body would have no
 * parameters, or nothing is trained
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitFrozen, squeezenet } from "@neocog/neocog";
 *
 * const split = splitFrozen(squeezenet(), [227, 227, 3], (path) => path.startsWith("conv10/"))!;
 * assertEquals(split.featureShape, [13, 13, 512]);
 * assertEquals(split.tailNames, ["drop", "conv10", "relu10", "pool10"]);
 * ```
 */
export function splitFrozen<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  inputShape: Shape,
  trainable: (path: Path) => boolean,
): FrozenSplit | undefined {
  const children = model.op === "sequential" ? model.declare(inputShape).children ?? [] : [];
  const end = children.findIndex((child) => !isFixed(child, trainable));
  const cut = end < 0 ? children.length : end;
  const [below, above] = [children.slice(0, cut), children.slice(cut)];
  const paths = ({ name, declaration }: Child): Path[] =>
    slotEntries(declaration.params).map(([path]) => `${name}/${path}`);
  const isUseful = below.flatMap(paths).length > 0 && above.flatMap(paths).some(trainable);
  if (!isUseful) return undefined;
  return {
    body: chainOf(below),
    tail: chainOf(above),
    featureShape: below.at(-1)!.declaration.shape,
    bodyNames: below.map(({ name }) => name),
    tailNames: above.map(({ name }) => name),
  };
}

function chainOf(children: readonly Child[]): Layer {
  return sequential(Object.fromEntries(children.map(({ name, layer }) => [name, layer]))) as Layer;
}

/** Whether a layer computes the same in training as otherwise, and at every step. */
function isFixed({ name, declaration }: Child, trainable: (path: Path) => boolean): boolean {
  const params = slotEntries(declaration.params).map(([path]) => `${name}/${path}`);
  return !params.some(trainable) && !isRestless(declaration);
}

/** Whether something in a layer is random, or runs only in training, or keeps a state. */
function isRestless({ random, arrangement, children, params, state }: Declaration): boolean {
  if (random || arrangement === "aside") return true;
  if (children) return children.some(({ declaration }) => isRestless(declaration));
  // Only a layer with parameters can be frozen, and its statistics with them.
  return slotEntries(state).length > 0 && slotEntries(params).length === 0;
}

/**
 * The part of a tree that belongs to some of its names: a body's or tail's parameters of a model's.
 */
export function pickNames(tree: Tree, names: readonly string[]): Tree {
  const record = tree as { readonly [name: string]: Tree };
  return Object.fromEntries(names.map((name): [string, Tree] => [name, record[name] ?? {}]));
}
