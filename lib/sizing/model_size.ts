// A model's layers with their sizes and costs, before anything is allocated.
import type { PlacedWindow } from "../layers/cost.ts";
import { type Child, countParameters, type Declaration, type Layer } from "../layers/layer.ts";
import type { Pair } from "../layers/window.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { weightLayers } from "./depth.ts";
import { kernelOf } from "./kernel.ts";
import { ONE_PIXEL, type Sight, through, united } from "./receptive_field.ts";

/** A layer that computes, and what it makes. */
export type LayerSize = {
  /** Names joined by slashes. */
  readonly path: string;
  /** What kind of layer it is; of parallel branches, how they are joined. */
  readonly op: string;
  /** Shape of its output, without the batch. */
  readonly outputShape: Shape;
  /** How many numbers it learns. */
  readonly parameters: number;
  /** Operations for one example, a multiply-add being two; `null` where the layer does not say. */
  readonly flops: number | null;
  /**
   * Height and width of the pixels that a position of its output is made from, padding counted;
   * one number where they are equal. The input's own where it sees all of that; `null` where a
   * layer before it does not say.
   */
  readonly receptiveField: Pair | null;
  /** Pixels from one position's field to the next one's; `null` where it sees all, or is not known. */
  readonly receptiveStride: Pair | null;
  /** The first position's first pixel, below 0 in the padding; `null` as of the stride. */
  readonly receptiveStart: Pair | null;
  /** Numbers of the output for one example, 0 where they are the input's own in its memory. */
  readonly activations: number;
  /** The window it slides; `null` where there is none. */
  readonly window: PlacedWindow | null;
};

/** A model's layers and their sums. */
export type ModelSize = {
  /** Shape of one input, without the batch. */
  readonly inputShape: Shape;
  /** Shape of the output, without the batch. */
  readonly outputShape: Shape;
  /** How many numbers the model learns. */
  readonly parameters: number;
  /** How many numbers it carries along without learning them. */
  readonly state: number;
  /** Operations for one example, of the layers that say theirs. */
  readonly flops: number;
  /** Paths of the layers that do not say what they cost. */
  readonly unknown: readonly string[];
  /** Numbers of all layers' outputs for one example. */
  readonly activations: number;
  /** Layers with weights on the longest way through: convolutions and dense layers. */
  readonly depth: number;
  /** As of the last layer. */
  readonly receptiveField: Pair | null;
  /** Its innermost layers, and joins of branches, in the order they run. */
  readonly layers: readonly LayerSize[];
};

/** The walk over a model: what it began with, the rows so far, and what each layer sees. */
type Walk = {
  readonly input: Shape;
  readonly rows: LayerSize[];
  readonly sights: Map<Path, Sight>;
};

/**
 * The sizes and costs of a model's layers.
 *
 * @param model the model, or any layer
 * @param shape shape of one input, without the batch
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
export function sizeOfModel(model: Layer, shape: Shape): ModelSize {
  const declaration = model.declare(shape);
  const walk = walkOver(model, shape, declaration);
  const { receptiveField } = fieldOf(walk.sights.get("")!, shape);
  const sumOf = (of: (row: LayerSize) => number): number =>
    walk.rows.reduce((sum, row) => sum + of(row), 0);
  return {
    inputShape: shape,
    outputShape: declaration.shape,
    parameters: countParameters(declaration.params),
    state: countParameters(declaration.state),
    flops: sumOf(({ flops }) => flops ?? 0),
    unknown: walk.rows.filter(({ flops }) => flops === null).map(({ path }) => path),
    activations: sumOf(({ activations }) => activations),
    depth: weightLayers(declaration),
    receptiveField,
    layers: walk.rows,
  };
}

/**
 * What every named layer of a model sees of its input, those made of layers too.
 *
 * @param model the model, or any layer
 * @param shape shape of one input, without the batch
 * @returns receptive fields by path; `""` is the model's
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 */
export function sightsOf<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
): ReadonlyMap<Path, Sight> {
  return walkOver(model as unknown as Layer, shape).sights;
}

function walkOver(model: Layer, shape: Shape, declaration = model.declare(shape)): Walk {
  const walk: Walk = { input: shape, rows: [], sights: new Map() };
  visit(walk, { name: "", layer: model, inputShape: shape, declaration }, "", ONE_PIXEL);
  return walk;
}

/** Adds a layer and those in it; answers what its output sees of the input. */
function visit(walk: Walk, child: Child, parent: string, sight: Sight): Sight {
  const path = parent === "" ? child.name : `${parent}/${child.name}`;
  const seen = visitAt(walk, child, path, sight);
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
  }[arrangement]();
  // Without branches to join, a layer of layers does nothing of its own, unless it says so.
  if (inner && arrangement !== "branches" && !cost) return inner;
  const seen = inner && !cost ? inner : through(inner ?? sight, cost);
  walk.rows.push({
    path: path === "" ? layer.op : path,
    op: layer.op,
    ...ownSize(declaration),
    ...fieldOf(seen, walk.input),
  });
  return seen;
}

/** What a layer adds to those in it. */
function ownSize(
  declaration: Declaration,
): Pick<LayerSize, "outputShape" | "parameters" | "flops" | "activations" | "window"> {
  const { shape, params, cost, children } = declaration;
  return {
    outputShape: shape,
    parameters: children ? 0 : countParameters(params),
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
  input: Shape,
): Pick<LayerSize, "receptiveField" | "receptiveStride" | "receptiveStart"> {
  if (typeof sight === "object") {
    return {
      receptiveField: pairOf(sight.size),
      receptiveStride: pairOf(sight.stride),
      receptiveStart: pairOf(sight.start),
    };
  }
  // All of an input that is no image is all of its numbers.
  const all = input.length === 3 ? pairOf([input[0]!, input[1]!]) : sizeOf(input);
  return {
    receptiveField: sight === "all" ? all : null,
    receptiveStride: null,
    receptiveStart: null,
  };
}
