// Layers that are no chain: skip connections, several inputs and outputs, shared layers.
import type { Shape, ShapeTree, Tensor } from "../tensor/tensor.ts";
import { isTensor, type Path, type Tree } from "../tensor/tree.ts";
import { defineLayer, located } from "./define_layer.ts";
import { enter } from "./enter.ts";
import {
  type Child,
  type Context,
  type Declaration,
  type Empty,
  type Layer,
  slotEntries,
} from "./layer.ts";
import { type GraphNode, type GraphNodes, type GraphOptions, INPUT, planOf } from "./graph_plan.ts";
import type { Join } from "./parallel.ts";
import { declareChild, gather } from "./sequential.ts";

export type { GraphNode, GraphNodes, GraphOptions };

/** The layer of a node. */
export type LayerOf<N> = N extends { readonly apply: unknown } ? N
  : N extends { readonly layer: infer L } ? L
  : Layer<Empty, Empty>;

/** The parameters of a graph, by its nodes' names. */
export type GraphParams<N extends GraphNodes> = {
  readonly [Name in keyof N]: LayerOf<N[Name]> extends Layer<infer P, infer _> ? P : never;
};

/** The states of a graph, by its nodes' names. */
export type GraphState<N extends GraphNodes> = {
  readonly [Name in keyof N]: LayerOf<N[Name]> extends Layer<infer _, infer S> ? S : never;
};

/** A tensor, or a record of tensors by these names. */
export type NamedTensors<Names> = Names extends readonly string[]
  ? { readonly [Name in Names[number]]: Tensor }
  : Tensor;

/**
 * A layer made of named layers that take each other's outputs: skip connections, as in a U-Net, and
 * several inputs and outputs, which are records of tensors. Each node takes the one before it, or what
 * its `from` says; several are joined first. The same layer object under two names is one layer with
 * one set of parameters, as in a Siamese network: they are kept under the first name, and the state
 * goes from one call to the next.
 *
 * Nodes are named children as in {@linkcode sequential}: their names are keys of parameters and parts
 * of paths.
 *
 * @param nodes layers, or records of a layer and what it takes, by name, in the order they run
 * @param options names of inputs and outputs
 * @returns the layer
 * @throws {TypeError} if a name is unknown (the nearest is named) or comes later, a node or an input
 * is not used, or a layer is shared that would need other parameters
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conv, graph, init, key, maxPool, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const block = (features: number) => conv({ features, size: 3, padding: "same" });
 * const skip = graph({
 *   wide: block(4),
 *   narrow: block(2),
 *   both: { from: ["narrow", "wide", "input"] },
 *   pool: maxPool(),
 * });
 * assertEquals(skip.declare([8, 8, 3]).shape, [4, 4, 2 + 4 + 3]);
 *
 * // The same tower for both pictures, and the square of what is different.
 * const tower = block(2);
 * const siamese = graph({
 *   left: { layer: tower, from: "a" },
 *   right: { layer: tower, from: "b" },
 * }, { inputs: ["a", "b"], outputs: ["left", "right"] });
 * const { model, params, state } = init(siamese, key(0), { a: [4, 4, 1], b: [4, 4, 1] });
 * assertEquals(Object.keys(params.right), []); // They are those of left.
 * const x = tf.ones([1, 4, 4, 1]);
 * const [{ left, right }] = model.apply(params, state, { a: x, b: x }, {});
 * assertEquals(await left.array(), await right.array());
 * ```
 */
export function graph<
  N extends GraphNodes,
  const I extends readonly string[] | undefined = undefined,
  const O extends string | readonly string[] | undefined = undefined,
>(
  nodes: N,
  options: GraphOptions<I, O> = {},
): Layer<GraphParams<N>, GraphState<N>, NamedTensors<I>, NamedTensors<O>> {
  const plan = planOf(nodes, options);
  const { all, chains, owners, inputs, outputs } = plan;
  const layer = defineLayer<Tree, Tree, Tree, Tree>({
    op: "graph",
    declare(shape) {
      const shapes = new Map<string, Shape>(entriesOf(inputs, shape));
      const declared = new Map<string, Declaration>();
      const children = all.map((node): Child => {
        const { name, layer, from, join } = node;
        const taken = from.map((source) => shapes.get(source)!);
        const inputShape = from.length === 1 ? taken[0]! : joinedShape(name, join, taken);
        const joined = from.length === 1 ? {} : { join: joinIn(join, taken) };
        const whole = declareChild(name, layer, inputShape);
        declared.set(name, whole);
        shapes.set(name, whole.shape);
        const owner = owners.get(name);
        if (owner !== undefined) requireAlike(name, owner, whole, declared.get(owner)!);
        const declaration = owner === undefined ? whole : withoutSlots(whole);
        const shared = owner === undefined ? {} : { shares: owner };
        return { name, layer, inputShape, declaration, from, ...joined, ...shared };
      });
      return {
        ...gather(ofOutputs(outputs, (name) => shapes.get(name)!) as Shape, children),
        arrangement: "graph",
        ends: typeof outputs === "string" ? [outputs] : outputs,
      } as unknown as Declaration<Tree, Tree, Tree>;
    },
    apply(params, state, x, context) {
      const [ownParams, ownState] = [params, state] as Record<string, Tree>[];
      const values = new Map<string, Tensor>(tensorsOf(inputs, x));
      const next: Record<string, Tree> = Object.fromEntries(all.map(({ name }) => [name, {}]));
      for (const { from, join, steps, fused, last } of chains) {
        const taken = from.map((source) => values.get(source)!);
        let y = taken.length === 1 ? taken[0]! : join.join(taken);
        // An intercept sees each layer's output, so that none is fused.
        for (const { name, layer } of context.intercept ? steps : fused) {
          const owner = owners.get(name) ?? name;
          const before = owner === name ? ownState![owner] : next[owner];
          const within = owner === name ? context : asOwner(context, name, owner);
          const own = { [name]: ownParams![owner] ?? {} };
          [y, next[owner]] = enter(name, layer, own, { [name]: before ?? {} }, y, within);
        }
        values.set(last, y);
      }
      return [ofOutputs(outputs, (name) => values.get(name)!) as Tree, next];
    },
    operations: "children",
  });
  return layer as unknown as Layer<
    GraphParams<N>,
    GraphState<N>,
    NamedTensors<I>,
    NamedTensors<O>
  >;
}

/** The shapes of inputs by name. */
function entriesOf(inputs: readonly string[] | undefined, shape: ShapeTree): [string, Shape][] {
  if (!inputs) {
    if (Array.isArray(shape)) return [[INPUT, shape as Shape]];
    throw new TypeError(`Cannot apply a graph: it has one input, got ${JSON.stringify(shape)}`);
  }
  const given = shape as { readonly [name: string]: Shape };
  const names = Array.isArray(shape) ? [] : Object.keys(shape);
  const isAll = names.length === inputs.length &&
    inputs.every((name) => Array.isArray(given[name]));
  if (isAll) return inputs.map((name) => [name, given[name]!]);
  throw new TypeError(
    `Cannot apply a graph: it must have the inputs ${inputs.join(", ")}, got ${
      Array.isArray(shape) ? `one of [${shape}]` : names.join(", ") || "none"
    }`,
  );
}

function tensorsOf(inputs: readonly string[] | undefined, x: Tree): [string, Tensor][] {
  if (!inputs) return [[INPUT, x as Tensor]];
  const record = (x !== null && !isTensor(x) ? x : {}) as { readonly [name: string]: Tensor };
  return inputs.map((name) => [name, record[name]!]);
}

/** What there is of the output, or of each. */
function ofOutputs<T>(
  outputs: string | readonly string[],
  of: (name: string) => T,
): T | { readonly [name: string]: T } {
  if (typeof outputs === "string") return of(outputs);
  return Object.fromEntries(outputs.map((name) => [name, of(name)]));
}

function joinedShape(name: string, join: Join, shapes: readonly Shape[]): Shape {
  try {
    return join.shape(shapes);
  } catch (error) {
    throw located(error, name);
  }
}

function joinIn(join: Join, shapes: readonly Shape[]): NonNullable<Child["join"]> {
  const flops = join.flops?.(shapes);
  const { name, operations } = join;
  return {
    name,
    ...(flops === undefined ? {} : { flops }),
    ...(operations ? { operations } : {}),
  };
}

/** Refuses a shared layer that would need other parameters. */
function requireAlike(name: string, owner: string, own: Declaration, first: Declaration): void {
  const slots = ({ params, state }: Declaration): string =>
    JSON.stringify(
      [params, state].map((part) => slotEntries(part).map(([path, { shape }]) => [path, shape])),
    );
  if (slots(own) === slots(first)) return;
  throw new TypeError(
    `Cannot share a layer of a graph: "${name}" and "${owner}" are one layer and must have inputs for the same parameters. Make two layers for parameters of their own`,
  );
}

/** A declaration whose parameters and state are those of another. */
function withoutSlots(declaration: Declaration): Declaration {
  const { children } = declaration;
  return {
    ...declaration,
    params: {},
    state: {},
    ...(children && {
      children: children.map((child) => ({
        ...child,
        declaration: withoutSlots(child.declaration),
      })),
    }),
  };
}

/** The context of a shared layer: which parameters are frozen is said by their own names. */
function asOwner(context: Context, name: string, owner: string): Context {
  const { frozen, path: outer } = context;
  if (!frozen) return context;
  const place = (one: string): Path => outer ? `${outer}/${one}` : one;
  const own = `${place(name)}/`;
  return {
    ...context,
    frozen: (path) =>
      frozen(path.startsWith(own) ? `${place(owner)}/${path.slice(own.length)}` : path),
  };
}
