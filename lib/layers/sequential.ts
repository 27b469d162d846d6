// Layers one after another.
import type { Tree } from "../tensor/tree.ts";
import { defineLayer, located } from "./define_layer.ts";
import { enter } from "./enter.ts";
import type {
  AnyLayer,
  Child,
  Declaration,
  Fusion,
  Layer,
  NamedLayers,
  ParamsOf,
  StateOf,
} from "./layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { withArticle } from "../text/article.ts";
import { describeValue } from "../text/value.ts";

/**
 * A layer that feeds each named layer's output to the next.
 *
 * @param layers layers by name, in the order they run; the names are the keys of parameters and
 * states, and the parts of paths
 * @returns the layer
 * @throws {TypeError} if a name is empty, a number (records put those first) or has a slash
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conv, dense, flatten, init, key, maxPool, relu, sequential, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({
 *   conv1: conv({ features: 6, size: 5 }),
 *   relu1: relu(),
 *   pool1: maxPool(),
 *   flatten: flatten(),
 *   logits: dense({ features: 10 }),
 * });
 * const { params, outputShape } = init(model, key(0), [28, 28, 1]);
 * assertEquals(params.conv1.kernel.shape, [5, 5, 1, 6]);
 * assertEquals(outputShape, [10]);
 * ```
 */
export function sequential<L extends NamedLayers>(layers: L): Layer<ParamsOf<L>, StateOf<L>> {
  requireLayers("sequential", layers);
  const steps: Step[] = Object.entries(layers).map(([name, layer]) => ({ name, layer }));
  const fused = fuseNeighbors(steps);
  return defineLayer<ParamsOf<L>, StateOf<L>>({
    op: "sequential",
    declare(shape) {
      const children: Child[] = [];
      let inputShape: Shape = shape;
      for (const [name, layer] of Object.entries(layers)) {
        const declaration = declareChild(name, layer, inputShape);
        children.push({ name, layer, inputShape, declaration });
        inputShape = declaration.shape;
      }
      return gather(inputShape, children);
    },
    apply(params, state, x, context) {
      // What is computed in another layer's pass has no state.
      const next = Object.fromEntries(steps.map(({ name }): [string, Tree] => [name, {}]));
      let y: Tensor = x;
      // An intercept sees each layer's output, so that none is fused.
      for (const { name, layer } of context.intercept ? steps : fused) {
        [y, next[name]] = enter(name, layer, params, state, y, context);
      }
      return [y, next as StateOf<L>];
    },
    operations: "children",
  });
}

/** A named layer. */
export type Step = { readonly name: string; readonly layer: AnyLayer };

/**
 * The steps with each ReLU in the pooling after it, if that one can take it, and any other
 * activation in the layer before it: fused into a convolution, a ReLU's gradient would be another pass.
 */
export function fuseNeighbors(steps: readonly Step[]): Step[] {
  const pooled = fusePairs(steps, ({ layer }, { name, layer: next }) => {
    const apply = fusionOf(layer).activation === "relu" && fusionOf(next).afterRelu;
    return apply ? { name, layer: { ...next, apply } } : undefined;
  });
  return fusePairs(pooled, ({ name, layer }, { layer: next }) => {
    const { activation } = fusionOf(next);
    const apply = activation && fusionOf(layer).withActivation?.(activation);
    return apply ? { name, layer: { ...layer, apply } } : undefined;
  });
}

/** How a layer is fused: not at all, if it has another `apply` than the one that this is about. */
function fusionOf({ apply, fusion }: AnyLayer): Partial<Fusion> {
  return fusion?.of === apply ? fusion : {};
}

/** The steps, with each two that can be one replaced by that one. */
function fusePairs(
  steps: readonly Step[],
  pair: (first: Step, next: Step) => Step | undefined,
): Step[] {
  const fused: Step[] = [];
  for (const step of steps) {
    const last = fused.at(-1);
    const both = last && pair(last, step);
    if (both) fused[fused.length - 1] = both;
    else fused.push(step);
  }
  return fused;
}

/**
 * Refuses names of layers that cannot be parts of paths and keys of records.
 *
 * @throws {TypeError} naming the first
 */
export function requireNames(op: string, layers: object): void {
  if (typeof layers !== "object" || layers === null || Array.isArray(layers)) {
    throw new TypeError(
      `Cannot make ${
        withArticle(op)
      } layer: its layers must be a record by name, { conv1: conv(…), relu1: relu() }, got ${
        Array.isArray(layers) ? "a list" : layers
      }`,
    );
  }
  for (const name of Object.keys(layers)) {
    if (name === "" || name.includes("/") || /^\d+$/.test(name)) {
      throw new TypeError(
        `Cannot make ${
          withArticle(op)
        } layer: its layers' names must have a letter and no slash, got "${name}"`,
      );
    }
  }
}

/**
 * Refuses what are not layers by names that can be parts of paths.
 *
 * @throws {TypeError} naming the first
 */
export function requireLayers(op: string, layers: NamedLayers): void {
  requireNames(op, layers);
  for (const [name, layer] of Object.entries(layers)) {
    requireLayer(`make ${withArticle(op)} layer`, `"${name}"`, layer);
  }
}

/** Whether a value is a layer. */
export function isLayer(value: unknown): value is AnyLayer {
  const { apply, declare } = (value ?? {}) as Partial<AnyLayer>;
  return typeof apply === "function" && typeof declare === "function";
}

/**
 * Refuses what is no layer.
 *
 * @param action what cannot be done, such as `make a sequential layer`
 * @param place what should be one
 * @throws {TypeError} naming what is there
 */
export function requireLayer(action: string, place: string, layer: unknown): void {
  if (isLayer(layer)) return;
  throw new TypeError(
    `Cannot ${action}: ${place} must be a layer, such as relu(), got ${describeValue(layer)}`,
  );
}

/** Declares a child; its errors name it. */
export function declareChild(name: string, layer: Layer, shape: Shape): Declaration {
  try {
    return layer.declare(shape);
  } catch (error) {
    throw located(error, name);
  }
}

/** The declaration of a layer made of children. */
export function gather<L extends NamedLayers>(
  shape: Shape,
  children: readonly Child[],
): Declaration<ParamsOf<L>, StateOf<L>> {
  const slots = (part: "params" | "state"): Record<string, unknown> =>
    Object.fromEntries(children.map(({ name, declaration }) => [name, declaration[part]]));
  return {
    shape,
    params: slots("params"),
    state: slots("state"),
    children,
  } as Declaration<ParamsOf<L>, StateOf<L>>;
}
