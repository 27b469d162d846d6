// The sizes and costs of a model's layers, before anything is allocated.
import type { PlacedWindow } from "../layers/cost.ts";
import {
  type AnyModel,
  type Child,
  countParameters,
  type Declaration,
  type Layer,
  slotEntries,
} from "../layers/layer.ts";
import type { Pair } from "../layers/window.ts";
import {
  type Shape,
  type ShapesOf,
  type ShapeTree,
  sizeOf,
  sizeOfTree,
  type Tensor,
} from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { kernelOf, ONE_PIXEL, type Sight, through, united } from "./receptive_field.ts";

/** A layer with its sizes and costs. */
export type LayerSize = {
  /** Its path, names joined by slashes. */
  readonly path: string;
  /** Its kind; for parallel branches, how they are joined. */
  readonly op: string;
  /** The shape of its output, without the batch. */
  readonly outputShape: Shape;
  /** The number of its parameters. */
  readonly parameters: number;
  /** Operations for one example, a multiply-add counting two; `null` if it does not declare them. */
  readonly flops: number | null;
  /**
   * The height and width of the pixels that a position of its output depends on, padding included;
   * one number if they are equal. It is the input's size if it sees all of it; `null` if a layer
   * before it does not declare its window.
   */
  readonly receptiveField: Pair | null;
  /** The distance of neighboring fields in pixels; `null` if it sees all, or is unknown. */
  readonly receptiveStride: Pair | null;
  /** The first position's first pixel, below 0 in the padding; `null` as the stride. */
  readonly receptiveStart: Pair | null;
  /** The size of its output for one example; 0 if it is a view of its input. */
  readonly activations: number;
  /** The window that it slides; `null` if there is none. */
  readonly window: PlacedWindow | null;
};

/** A model's layers and their sums. */
export type ModelSize<I extends ShapeTree = Shape, O extends ShapeTree = Shape> = {
  /** The shape of one input, without the batch; of several a record of them. */
  readonly inputShape: I;
  /** The shape of the output, without the batch; of several a record of them. */
  readonly outputShape: O;
  /** The number of parameters. */
  readonly parameters: number;
  /** The number of values of state, which are not learned. */
  readonly state: number;
  /** Operations for one example, of the layers that declare theirs. */
  readonly flops: number;
  /** The paths of layers that do not declare their cost. */
  readonly unknown: readonly string[];
  /** The size of all layers' outputs for one example. */
  readonly activations: number;
  /**
   * The size of the outputs that training holds at once for one example: all, but of layers that are
   * computed again in the backward pass (`layers.checkpoint`) those of the largest alone.
   */
  readonly kept: number;
  /** The operations for one example that are done again in the backward pass. */
  readonly recomputedFlops: number;
  /** The number of layers with weights on the longest path: convolutions and dense layers. */
  readonly depth: number;
  /** The receptive field of the last layer. */
  readonly receptiveField: Pair | null;
  /** Its innermost layers, and joins of branches, in the order in which they run. */
  readonly layers: readonly LayerSize[];
};

/** A walk over a model: the input's shape, the rows so far, and what each layer sees. */
type Walk = {
  readonly input: ShapeTree;
  readonly rows: LayerSize[];
  readonly sights: Map<Path, Sight>;
  /** What the outermost layers that are computed again hold and cost. */
  readonly again: Again[];
};

/** A layer that is computed again: the size of the outputs in it, and its operations. */
type Again = { readonly inner: number; readonly flops: number };

/**
 * Computes the sizes and costs of a model's layers.
 *
 * @param model the model, or any layer
 * @param shape the shape of one input, without the batch
 * @returns the sizes; no tensor is made
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lenet5 } from "@neocog/neocog";
 * import { sizeOfModel } from "@neocog/neocog/sizing";
 *
 * const { parameters, layers } = sizeOfModel(lenet5(), [28, 28, 1]);
 * assertEquals(parameters, 61706);
 * const pool2 = layers.find(({ path }) => path === "pool2");
 * assertEquals([pool2?.outputShape, pool2?.receptiveField], [[5, 5, 16], 16]);
 * ```
 */
export function sizeOfModel<X extends Tree = Tensor, Y extends Tree = Tensor>(
  model: Layer<Tree, Tree, X, Y>,
  shape: ShapesOf<X>,
): ModelSize<ShapesOf<X>, ShapesOf<Y>> {
  const whole = model.declare(shape);
  const declaration = whole as Declaration<Tree, Tree, Y> as unknown as Declaration;
  const walk = walkOver(model, shape, declaration);
  const { receptiveField } = fieldOf(walk.sights.get("")!, shape);
  const sumOf = (of: (row: LayerSize) => number): number =>
    walk.rows.reduce((sum, row) => sum + of(row), 0);
  return {
    inputShape: shape,
    outputShape: whole.shape,
    parameters: countParameters(declaration.params),
    state: countParameters(declaration.state),
    flops: sumOf(({ flops }) => flops ?? 0),
    unknown: walk.rows.filter(({ flops }) => flops === null).map(({ path }) => path),
    activations: sumOf(({ activations }) => activations),
    ...recomputation(walk, sumOf(({ activations }) => activations)),
    depth: weightLayers(declaration),
    receptiveField,
    layers: walk.rows,
  };
}

/**
 * What every named layer of a model sees of its input, including those made of layers.
 *
 * @param shape the shape of one input, without the batch
 * @returns receptive fields by path; `""` is the model's
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 */
export function sightsOf<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
): ReadonlyMap<Path, Sight> {
  return walkOver(model as unknown as Layer, shape).sights;
}

function walkOver(
  model: AnyModel,
  shape: ShapeTree,
  declaration = model.declare(shape) as Declaration,
): Walk {
  const walk: Walk = { input: shape, rows: [], sights: new Map(), again: [] };
  const inputShape = shape as Shape;
  visit(walk, { name: "", layer: model, inputShape, declaration }, "", ONE_PIXEL);
  return walk;
}

/** Adds a layer and those in it; returns what its output sees of the input. */
function visit(walk: Walk, child: Child, parent: string, sight: Sight): Sight {
  const path = parent === "" ? child.name : `${parent}/${child.name}`;
  const [rows, again] = [walk.rows.length, walk.again.length];
  const seen = visitAt(walk, child, path, sight);
  if (child.declaration.recomputed) {
    const own = walk.rows.slice(rows);
    const inner = own.slice(0, -1).reduce((sum, { activations }) => sum + activations, 0);
    const flops = own.reduce((sum, row) => sum + (row.flops ?? 0), 0);
    walk.again.splice(again, Infinity, { inner, flops }); // Those within are part of it.
  }
  walk.sights.set(path, seen);
  return seen;
}

function visitAt(walk: Walk, child: Child, path: Path, sight: Sight): Sight {
  const { layer, declaration } = child;
  const { children, arrangement = "chain", cost } = declaration;
  const visitAll = (): Sight[] => children!.map((one) => visit(walk, one, path, sight));
  const inner = children && {
    branches: () => united(visitAll()),
    aside: () => (visitAll(), sight),
    chain: () => children.reduce((seen, one) => visit(walk, one, path, seen), sight),
    graph: () => visitGraph(walk, declaration, path, sight),
  }[arrangement]();
  const own = ownParameters(declaration);
  // Unless it joins branches, declares a cost or has parameters, a layer of layers does nothing itself.
  if (inner && arrangement === "graph") return inner; // Its joins cost no pass of their own.
  if (inner && arrangement !== "branches" && !cost && own === 0) return inner;
  const seen = inner && !cost ? inner : through(inner ?? sight, cost);
  walk.rows.push({
    path: path === "" ? layer.op : path,
    op: layer.op,
    ...ownSize(declaration, own),
    ...fieldOf(seen, walk.input),
  });
  return seen;
}

/** What training holds at once, and does again. */
function recomputation(
  { again }: Walk,
  activations: number,
): Pick<ModelSize, "kept" | "recomputedFlops"> {
  const inner = again.reduce((sum, one) => sum + one.inner, 0);
  const largest = Math.max(0, ...again.map((one) => one.inner));
  return {
    kept: activations - inner + largest,
    recomputedFlops: again.reduce((sum, { flops }) => sum + flops, 0),
  };
}

/** Visits the layers of a graph; returns what its outputs see. */
function visitGraph(walk: Walk, declaration: Declaration, path: Path, input: Sight): Sight {
  const seen = new Map<string, Sight>();
  for (const child of declaration.children!) {
    const taken = united(child.from!.map((name) => seen.get(name) ?? input));
    if (child.join) walk.rows.push(joinRow(walk, child, path, taken));
    seen.set(child.name, visit(walk, child, path, taken));
  }
  return united(declaration.ends!.map((name) => seen.get(name)!));
}

/** The join before a layer of a graph, whose result is a tensor of its own. */
function joinRow(
  walk: Walk,
  { name, join, inputShape }: Child,
  parent: Path,
  sight: Sight,
): LayerSize {
  return {
    path: `${parent === "" ? name : `${parent}/${name}`} (${join!.name})`,
    op: join!.name,
    outputShape: inputShape,
    parameters: 0,
    flops: join!.flops ?? null,
    activations: sizeOf(inputShape),
    window: null,
    ...fieldOf(sight, walk.input),
  };
}

/** How many parameters a layer has that are not those of a layer in it. */
function ownParameters({ params, children = [] }: Declaration): number {
  const inner = children.map(({ declaration }) => countParameters(declaration.params));
  return countParameters(params) - inner.reduce((sum, count) => sum + count, 0);
}

/** The sizes of a layer without those in it. */
function ownSize(
  declaration: Declaration,
  parameters: number,
): Pick<LayerSize, "outputShape" | "parameters" | "flops" | "activations" | "window"> {
  const { shape, cost } = declaration;
  return {
    outputShape: shape,
    parameters,
    flops: cost?.flops ?? null,
    activations: cost?.view ? 0 : sizeOf(shape),
    window: kernelOf(declaration),
  };
}

function pairOf([down, across]: readonly [number, number]): Pair {
  return down === across ? down : [down, across];
}

function fieldOf(
  sight: Sight,
  input: ShapeTree,
): Pick<LayerSize, "receptiveField" | "receptiveStride" | "receptiveStart"> {
  if (typeof sight === "object") {
    return {
      receptiveField: pairOf(sight.size),
      receptiveStride: pairOf(sight.stride),
      receptiveStart: pairOf(sight.start),
    };
  }
  // An input that is not an image is seen completely: all of its numbers.
  const isImage = Array.isArray(input) && input.length === 3;
  const all = isImage ? pairOf([input[0], input[1]]) : sizeOfTree(input);
  return {
    receptiveField: sight === "all" ? all : null,
    receptiveStride: null,
    receptiveStart: null,
  };
}

/**
 * Layers with weights on the longest path through a model: those with a parameter that is a matrix
 * or filters, so that normalization's scales do not count. AlexNet has 8, ResNet-50 has 50.
 */
function weightLayers({ params, children, arrangement }: Declaration): number {
  if (arrangement === "aside") return 0;
  if (!children) return slotEntries(params).some(([, { shape }]) => shape.length > 1) ? 1 : 0;
  const depths = children.map((child) => weightLayers(child.declaration));
  if (arrangement === "branches") return Math.max(0, ...depths);
  if (arrangement === "graph") {
    const longest = new Map<string, number>();
    children.forEach(({ name, from }, i) =>
      longest.set(name, depths[i]! + Math.max(...from!.map((one) => longest.get(one) ?? 0)))
    );
    return Math.max(...longest.values());
  }
  return depths.reduce((sum, depth) => sum + depth, 0);
}
