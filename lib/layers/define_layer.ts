// The one place where inputs, parameters and states are checked against what a layer declares.
import type { Shape, ShapesOf, ShapeTree, Tensor } from "../tensor/tensor.ts";
import { type Path, shapesOf, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import {
  type AnyLayer,
  type AnyModel,
  type Child,
  type Declaration,
  type Fusion,
  isSlot,
  type Layer,
  type Operations,
  type SlotTree,
} from "./layer.ts";
import { withArticle } from "../text/article.ts";
import { type OptionNames, requireOptions } from "../text/require.ts";

/** A layer without checks; fusion and operations are those of its `apply`. */
export type Definition<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
> = Omit<Layer<P, S, X, Y>, "fusion" | "operations"> & {
  readonly fusion?: Omit<Fusion, "of">;
  readonly operations?: Operations["write"];
};

/**
 * A layer that checks its input, parameters and state, and declares each shape once. Within another
 * layer, `enter` has checked them already.
 *
 * @param definition the layer without the checks
 */
export function defineLayer<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  { fusion, operations, rectifies = false, ...definition }: Definition<P, S, X, Y>,
): Layer<P, S, X, Y> {
  let last:
    | { readonly shape: ShapesOf<X>; readonly declaration: Declaration<P, S, Y> }
    | undefined;
  const layer: Layer<P, S, X, Y> = {
    op: definition.op,
    ...(rectifies ? { rectifies } : {}),
    declare(shape) {
      if (!last || !areSameShapes(last.shape, shape)) {
        // The caller's array may change.
        const own = Array.isArray(shape) ? [...shape] as typeof shape : structuredClone(shape);
        last = { shape: own, declaration: definition.declare(own) };
      }
      return last.declaration;
    },
    apply(params, state, x, context) {
      if (!context.path) requireWhole(layer, params, state, x);
      return definition.apply(params, state, x, context);
    },
  };
  const of = layer.apply as Fusion["of"];
  return {
    ...layer,
    ...(fusion ? { fusion: { of, ...fusion } } : {}),
    ...(operations ? { operations: { of, write: operations } } : {}),
  };
}

function areSameShapes(one: ShapeTree, other: ShapeTree): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return isSameShape(one, other);
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * Refuses an option of a layer that is not known, so that a misspelt one is not passed over.
 *
 * @param op the layer, `"conv"`
 * @param known the known names, as keys
 * @throws {TypeError} naming the nearest known one
 */
export function requireLayerOptions<O>(op: string, options: O, known: OptionNames<O>): void {
  requireOptions(`make ${withArticle(op)} layer`, options, known, {
    activation: "an activation is a layer of its own, such as relu()",
  });
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
function requireWhole(model: AnyModel, params: Tree, state: Tree, x: Tree): void {
  const require = (shape: ShapeTree): void => {
    const inputShape = shape as Shape;
    const declaration = model.declare(inputShape) as Declaration;
    requireParts({ name: "", layer: model, inputShape, declaration }, params, state, "");
  };
  try {
    require(shapesOf(x));
  } catch (error) {
    const mend = x instanceof tf.Tensor &&
      mendOf(x.shape, (shape) => accepts(() => require(shape)));
    if (!mend) throw error;
    throw new TypeError(`Cannot apply ${withArticle(model.op)} layer: ${mend}`, { cause: error });
  }
}

/** How an input of another shape becomes one that a model takes, for an error, if that is known. */
function mendOf(shape: Shape, takes: (shape: Shape) => boolean): string | undefined {
  if (takes(shape)) {
    return `its input must be a batch, [N, ${
      shape.join(", ")
    }], got [${shape}], without the batch. Of one example make a batch by tf.expandDims(x)`;
  }
  if (shape.length === 2 && takes([...shape, 1])) {
    return `its input must be a batch of images, [N, ${
      shape.join(", ")
    }, 1], got [${shape}]. Of one make a batch by tf.reshape(x, [1, ${shape.join(", ")}, 1])`;
  }
  const [, channels, ...sides] = shape;
  // A few rows of a few pixels are no image of either order.
  const isFirst = shape.length === 4 && [1, 3, 4].includes(channels!) && Math.min(...sides) >= 8;
  if (isFirst && takes([...sides, channels!])) {
    return `its images must have their channels last, [N, height, width, channels], got [${shape}], with the channels first. Turn them by tf.transpose(x, [0, 2, 3, 1])`;
  }
  return undefined;
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
