// Where a model with frozen parameters can be cut, so that what is below is computed once.
import { type Child, type Declaration, type Layer, slotEntries } from "../layers/layer.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";

/** A model in two: `tail(body(x))` is what it answers. Paths and keys are the model's. */
export type FrozenSplit = {
  /** The layers that training does not change, `[N, …] → features [N, …featureShape]`. */
  readonly body: Layer;
  /** Those that are left to train, `features → logits`. */
  readonly tail: Layer;
  /** Shape of one image's features. */
  readonly featureShape: Shape;
  /** The names of the body's layers. */
  readonly bodyNames: readonly string[];
  /** The names of the tail's layers. */
  readonly tailNames: readonly string[];
};

/**
 * Cuts a model at its last frozen boundary (Figure 12.23): the body is the longest beginning of its
 * chain in which nothing is trained, dropped at random, or watched by an auxiliary loss, so that
 * every epoch would compute the same there.
 *
 * @param model the model, a {@linkcode sequential}
 * @param inputShape shape of one input, without the batch
 * @param trainable whether the parameter at a path is trained, see {@linkcode freeze}
 * @returns body and tail; `undefined` where the model is no chain, its body would have no
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

/** Whether a layer does in training what it does otherwise, and the same at every step. */
function isFixed({ name, layer, declaration }: Child, trainable: (path: Path) => boolean): boolean {
  const params = slotEntries(declaration.params).map(([path]) => `${name}/${path}`);
  return !params.some(trainable) && !isRestless(layer.op, declaration);
}

/** Whether something in a layer is random, or runs in training alone, or keeps a state of its own. */
function isRestless(op: string, declaration: Declaration): boolean {
  if (op === "dropout" || declaration.arrangement === "aside") return true;
  const { children, params, state } = declaration;
  if (children) return children.some((child) => isRestless(child.layer.op, child.declaration));
  // Frozen statistics are those of a layer whose parameters are frozen; it needs some.
  return slotEntries(state).length > 0 && slotEntries(params).length === 0;
}

/**
 * The part of a tree that belongs to some of its names: a body's or tail's parameters of a model's.
 *
 * @param tree parameters or state of the model
 * @param names names of its layers
 * @returns a record of those, in the same tensors
 */
export function pickNames(tree: Tree, names: readonly string[]): Tree {
  const record = tree as { readonly [name: string]: Tree };
  return Object.fromEntries(names.map((name): [string, Tree] => [name, record[name] ?? {}]));
}
