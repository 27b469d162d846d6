// The one place where inputs, parameters and states are checked against what a layer declares.
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import {
  type AnyLayer,
  type Child,
  type Declaration,
  type Fusion,
  isSlot,
  type Layer,
  type SlotTree,
} from "./layer.ts";
import { withArticle } from "../text/article.ts";

/** A layer without checks; its fusion is that of its `apply`. */
export type Definition<P extends Tree, S extends Tree> = Omit<Layer<P, S>, "fusion"> & {
  readonly fusion?: Omit<Fusion, "of">;
};

/**
 * A layer that checks its input, parameters and state, and declares each shape once. Within another
 * layer, `enter` has checked them already.
 *
 * @param definition the layer without the checks
 */
export function defineLayer<P extends Tree, S extends Tree>(
  { fusion, rectifies = false, ...definition }: Definition<P, S>,
): Layer<P, S> {
  let last: { readonly shape: Shape; readonly declaration: Declaration<P, S> } | undefined;
  const layer: Layer<P, S> = {
    op: definition.op,
    ...(rectifies ? { rectifies } : {}),
    declare(shape) {
      if (!last || !isSameShape(last.shape, shape)) {
        const own = [...shape]; // The caller's array may change.
        last = { shape: own, declaration: definition.declare(own) };
      }
      return last.declaration;
    },
    apply(params, state, x, context) {
      if (!context.path) requireWhole(layer, params, state, x);
      return definition.apply(params, state, x, context);
    },
  };
  return fusion ? { ...layer, fusion: { of: layer.apply, ...fusion } } : layer;
}

/** Whether two shapes are the same. */
export function isSameShape(one: Shape, other: Shape): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

/**
 * Refuses an input that does not fit a model, or the parameters and state of any of its layers.
 *
 * @throws {TypeError | RangeError} in the words of the layer that it does not fit
 */
function requireWhole(model: AnyLayer, params: Tree, state: Tree, x: Tensor): void {
  const require = (inputShape: Shape): void => {
    const declaration = model.declare(inputShape);
    requireParts({ name: "", layer: model, inputShape, declaration }, params, state, "");
  };
  try {
    require(x.shape.slice(1));
  } catch (error) {
    if (!accepts(() => require(x.shape))) throw error;
    throw new TypeError(
      `Cannot apply ${withArticle(model.op)} layer: its input must be a batch, [N, ${
        x.shape.join(", ")
      }], got [${x.shape}], without the batch. Of one example make a batch by tf.expandDims(x)`,
      { cause: error },
    );
  }
}

function accepts(require: () => void): boolean {
  try {
    require();
    return true;
  } catch {
    return false;
  }
}

/** Refuses parameters and state of other shapes than a layer, and all within it, declared. */
function requireParts(
  { layer, inputShape, declaration }: Child,
  params: Tree,
  state: Tree,
  path: Path,
): void {
  if (!declaration.children) {
    try {
      requireSlots(layer, inputShape, declaration, params, state);
    } catch (error) {
      throw located(error, path);
    }
    return;
  }
  for (const child of declaration.children) {
    const place = path === "" ? child.name : `${path}/${child.name}`;
    requireParts(child, childOf(params, child.name), childOf(state, child.name), place);
  }
}

function childOf(tree: Tree, name: string): Tree {
  return tree === null || tree instanceof tf.Tensor ? {} : tree[name] ?? {};
}

/**
 * Refuses an input that does not fit a layer, and parameters and state that do not fit the input.
 * Those of a layer made of layers are checked when these are entered.
 *
 * @param x its input, `[N, …shape]`
 * @throws {TypeError | RangeError} in the words of `declare`, or naming the parameter
 */
export function requireFit(layer: AnyLayer, params: Tree, state: Tree, x: Tensor): Declaration {
  const shape = x.shape.slice(1);
  const declaration = layer.declare(shape);
  if (!declaration.children) requireSlots(layer, shape, declaration, params, state);
  return declaration;
}

function requireSlots(
  layer: AnyLayer,
  inputShape: Shape,
  declaration: Declaration,
  params: Tree,
  state: Tree,
): void {
  const require = (slots: SlotTree, tree: Tree | undefined, path: Path): void => {
    if (!isSlot(slots)) {
      const named = tree === null || tree === undefined || tree instanceof tf.Tensor ? {} : tree;
      for (const name of Object.keys(slots)) {
        require(slots[name]!, named[name], path === "" ? name : `${path}/${name}`);
      }
    } else if (!(tree instanceof tf.Tensor) || !isSameShape(tree.shape, slots.shape)) {
      throw new TypeError(
        `Cannot apply ${
          withArticle(layer.op)
        } layer to [${inputShape}]: its ${path} must be of shape [${slots.shape}], got ${
          tree instanceof tf.Tensor ? `[${tree.shape}]` : "none"
        }`,
      );
    }
  };
  require(declaration.params as SlotTree, params, "");
  require(declaration.state as SlotTree, state, "");
}

/**
 * The same error, naming the layer it comes from.
 *
 * @param path the layer's path; `""` adds nothing
 */
export function located(error: unknown, path: Path): unknown {
  // Of some errors, such as a DOMException, the message can not be set.
  if (path === "" || !(error instanceof Error && Object.hasOwn(error, "message"))) return error;
  error.message = error.message.startsWith('In "')
    ? error.message.replace('In "', `In "${path}/`)
    : `In "${path}": ${error.message}`;
  return error;
}
