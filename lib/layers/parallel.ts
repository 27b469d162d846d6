// Layers beside one another on the same input, and how their outputs are joined.
import { requireOneOf } from "../text/require.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { identity } from "./activation.ts";
import { defineLayer } from "./define_layer.ts";
import { enter } from "./enter.ts";
import type { Empty, Layer, NamedLayers, ParamsOf, StateOf } from "./layer.ts";
import type { JoinCall, Value } from "./operation.ts";
import { declareChild, gather, requireLayers } from "./sequential.ts";

/**
 * How the outputs of {@linkcode parallel} layers become one. The built-in ones are `"concat"`,
 * `"sum"` and `"product"`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identity, parallel, relu, start, tf, type Join } from "@neocog/neocog";
 *
 * // The larger of two outputs, unit by unit, as in a maxout network.
 * const larger: Join = {
 *   name: "larger",
 *   shape: ([first]) => first!,
 *   join: ([a, b]) => tf.maximum(a!, b!),
 * };
 * await start({ backend: "cpu" });
 * const layer = parallel({ same: identity(), relu: relu() }, larger);
 * const none = { same: {}, relu: {} };
 * const [y] = layer.apply(none, none, tf.tensor2d([[-1, 2]]), {});
 * assertEquals(await y.array(), [[0, 2]]);
 * ```
 */
export type Join = {
  /** What the join is called, `"concat"`. */
  readonly name: string;
  /**
   * @param shapes the outputs' shapes, without the batch
   * @returns the shape of the joined output
   * @throws {TypeError} if outputs of these shapes cannot be joined
   */
  shape(shapes: readonly Shape[]): Shape;
  /** Optional: operations to join outputs of these shapes, for one example. If absent, unknown. */
  flops?(shapes: readonly Shape[]): number;
  /** Joins the outputs, `[N, …shape]` each. */
  join(outputs: readonly Tensor[]): Tensor;
  /** Optional: what it consists of in other formats; without it, it can not be written to them. */
  operations?(call: JoinCall): Value;
};

const concat: Join = {
  name: "concat",
  shape(shapes) {
    const base = shapes[0]!.slice(0, -1);
    if (shapes.some((shape) => `${shape.slice(0, -1)}` !== `${base}`)) {
      refuse("all but the last size", shapes);
    }
    return [...base, shapes.reduce((sum, shape) => sum + shape.at(-1)!, 0)];
  },
  flops: () => 0,
  join: (outputs) => tf.concat([...outputs], -1),
  operations: ({ add, outputs, shape }) =>
    add({ op: "concat", axis: shape.length - 1 }, shape, ...outputs),
};

/** Adds outputs of one shape, as a residual link does (§12.7.6). */
const sum: Join = {
  name: "sum",
  shape(shapes) {
    if (shapes.some((shape) => `${shape}` !== `${shapes[0]}`)) refuse("all sizes", shapes);
    return shapes[0]!;
  },
  flops: (shapes) => (shapes.length - 1) * sizeOf(shapes[0]!),
  join: (outputs) => outputs.reduce((total, output) => tf.add(total, output)),
  operations: ({ add, outputs, shape }) => add({ op: "join", by: "add" }, shape, ...outputs),
};

/** Multiplies outputs of one shape, as gates do. */
const product: Join = {
  ...sum,
  name: "product",
  join: (outputs) => outputs.reduce((total, output) => tf.mul(total, output)),
  operations: ({ add, outputs, shape }) => add({ op: "join", by: "mul" }, shape, ...outputs),
};

const JOINS = { concat, sum, product } as const;

function refuse(what: string, shapes: readonly Shape[]): never {
  throw new TypeError(
    `Cannot join parallel layers: ${what} of their outputs must be equal, got ${
      shapes.map((shape) => `[${shape}]`).join(", ")
    }. Give a join of your own, { name, shape, join }, for others`,
  );
}

/**
 * A layer that gives its input to each named layer and joins their outputs.
 *
 * @param layers layers by name, at least one
 * @param join `"concat"` puts feature maps behind one another (§12.7.5), `"sum"` adds and
 * `"product"` multiplies outputs of one shape; or your own {@linkcode Join}. Default: `"concat"`
 * @returns the layer
 * @throws {TypeError} if there is no layer, or a name cannot be part of a path
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conv, parallel } from "@neocog/neocog";
 *
 * const mixed = parallel({
 *   one: conv({ features: 64, size: 1 }),
 *   three: conv({ features: 128, size: 3, padding: "same" }),
 * });
 * assertEquals(mixed.declare([28, 28, 192]).shape, [28, 28, 192]);
 * ```
 */
export function parallel<L extends NamedLayers>(
  layers: L,
  join: "concat" | "sum" | "product" | Join = "concat",
): Layer<ParamsOf<L>, StateOf<L>> {
  const known = joinOf("make a parallel layer", join);
  return joined(known.name, layers, known);
}

/**
 * The join of a name, or a given one.
 *
 * @throws {RangeError} if there is no such name
 */
export function joinOf(action: string, join: keyof typeof JOINS | Join): Join {
  if (typeof join !== "string") return join;
  requireOneOf(action, "its join", Object.keys(JOINS), join);
  return JOINS[join];
}

function joined<L extends NamedLayers>(
  op: string,
  layers: L,
  join: Join,
): Layer<ParamsOf<L>, StateOf<L>> {
  requireLayers("parallel", layers);
  if (Object.keys(layers).length === 0) {
    throw new TypeError(
      "Cannot make a parallel layer: it must have at least one, got {}",
    );
  }
  return defineLayer<ParamsOf<L>, StateOf<L>>({
    op,
    declare(shape) {
      const children = Object.entries(layers).map(([name, layer]) => ({
        name,
        layer,
        inputShape: shape,
        declaration: declareChild(name, layer, shape),
      }));
      const shapes = children.map(({ declaration }) => declaration.shape);
      return {
        ...gather<L>(join.shape(shapes), children),
        arrangement: "branches",
        join,
        ...(join.flops ? { cost: { flops: join.flops(shapes) } } : {}),
      };
    },
    apply(params, state, x, context) {
      const next: Record<string, Tree> = {};
      const outputs = Object.entries(layers).map(([name, layer]) => {
        const [y, nextState] = enter(name, layer, params, state, x, context);
        next[name] = nextState;
        return y;
      });
      return [join.join(outputs), next as StateOf<L>];
    },
    operations: "children",
  });
}

/**
 * A residual block (§12.7.6): the input, or a shortcut of it, plus the body's
 * output (He, Zhang, Ren and Sun, 2015).
 *
 * @param body the layers that are skipped
 * @param shortcut the layers beside them. Default: none, {@linkcode identity}
 * @returns the layer, with the children `body` and `shortcut`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conv, residual } from "@neocog/neocog";
 *
 * const block = residual(conv({ features: 16, size: 3, padding: "same" }));
 * assertEquals(block.declare([32, 32, 16]).shape, [32, 32, 16]);
 * ```
 */
export function residual<B extends Layer, C extends Layer = Layer<Empty, Empty>>(
  body: B,
  shortcut: C = identity() as Layer as C,
): Layer<ParamsOf<{ body: B; shortcut: C }>, StateOf<{ body: B; shortcut: C }>> {
  return joined("residual", { body, shortcut }, sum);
}
