// Layers one after another.
import type { Tree } from "../tensor/tree.ts";
import { fuse, fuseBefore } from "./fusion.ts";
import {
  type AnyLayer,
  type Child,
  type Declaration,
  enter,
  type Layer,
  type NamedLayers,
  type ParamsOf,
  type StateOf,
} from "./layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";

/**
 * A layer that feeds each named layer's output to the next.
 *
 * @param layers layers by name, in the order they run; the names become the keys of parameters and states and the parts of paths
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
  requireNames("sequential", layers);
  const steps: Step[] = Object.entries(layers).map(([name, layer]) => ({ name, layer }));
  const fused = fuseNeighbors(steps);
  return {
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
      // What another layer has taken into its pass has no state.
      const next = Object.fromEntries(steps.map(({ name }): [string, Tree] => [name, {}]));
      let y: Tensor = x;
      // Whoever looks between the layers is shown what is there.
      for (const { name, layer } of context.intercept ? steps : fused) {
        [y, next[name]] = enter(name, layer, params, state, y, context);
      }
      return [y, next as StateOf<L>];
    },
  };
}

/** A named layer. */
type Step = { readonly name: string; readonly layer: AnyLayer };

/**
 * The steps with each ReLU in the pooling after it, where that one takes it, and any other
 * activation in the layer before it: after a convolution its gradient is a pass of its own.
 */
function fuseNeighbors(steps: readonly Step[]): Step[] {
  const pooled = fusePairs(steps, ({ layer }, next) => {
    const both = fuseBefore(layer, next.layer);
    return both && { name: next.name, layer: both };
  });
  return fusePairs(pooled, ({ name, layer }, next) => {
    const both = fuse(layer, next.layer);
    return both && { name, layer: both };
  });
}

/** The steps with each two that can be one as one. */
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
 * Names are parts of paths and keys of records.
 *
 * @throws {TypeError} if one cannot be
 */
export function requireNames(op: string, layers: NamedLayers): void {
  for (const name of Object.keys(layers)) {
    if (name === "" || name.includes("/") || /^\d+$/.test(name)) {
      throw new TypeError(
        `Cannot make a ${op} layer: its layers' names must have a letter and no slash, got "${name}"`,
      );
    }
  }
}

/** Declares a child; what it cannot take is said with its name. */
export function declareChild(name: string, layer: Layer, shape: Shape): Declaration {
  try {
    return layer.declare(shape);
  } catch (error) {
    if (error instanceof Error && !error.message.startsWith("In ")) {
      error.message = `In "${name}": ${error.message}`;
    } else if (error instanceof Error) {
      error.message = error.message.replace('In "', `In "${name}/`);
    }
    throw error;
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
