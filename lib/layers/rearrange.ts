// Layers that reduce, turn, cut or reshape each example, and concatenation along any axis.
import { requireOneOf, requireOptions, requireRange, requireWhole } from "../text/require.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { defineLayer } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { only } from "./operation.ts";
import type { Join } from "./parallel.ts";
import { withArticle } from "../text/article.ts";

/** An axis of an example of so many, counted from 0, or from −1 back. */
function axisOf(op: string, axis: number, rank: number): number {
  requireWhole(
    `apply ${withArticle(op)} layer to an example of ${rank} axes`,
    "an axis",
    axis,
    -rank,
    rank - 1,
  );
  return axis < 0 ? axis + rank : axis;
}

type Reduction = (x: Tensor, axes: number[], keep: boolean) => Tensor;

const REDUCTIONS: Readonly<Record<"mean" | "sum" | "max" | "min", Reduction>> = {
  mean: tf.mean,
  sum: tf.sum,
  max: tf.max,
  min: tf.min,
};

/** Options of {@linkcode reduce}. */
export type ReduceOptions = {
  /** Axes of an example, from 0, or from −1 back; of an image 0 is the height. */
  readonly axes: readonly number[];
  /** What becomes of the numbers along them. Default: `"mean"`. */
  readonly by?: "mean" | "sum" | "max" | "min";
  /** Whether the axes stay, with size 1. Default: `false`. */
  readonly keep?: boolean;
};

/**
 * Reduces axes of each example to one number: their mean, sum, largest or smallest. Of several that
 * are the largest, each has an equal share of the gradient.
 *
 * @param options axes, by what, whether the axes stay
 * @returns the layer
 * @throws {RangeError} if an option is unknown, or an axis is listed twice
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers } from "@neocog/neocog";
 *
 * assertEquals(layers.reduce({ axes: [0, 1], by: "max" }).declare([7, 7, 64]).shape, [64]);
 * ```
 */
export function reduce(options: ReduceOptions): Layer<Empty, Empty> {
  requireOptions("make a reduce layer", options, { axes: true, by: true, keep: true });
  const { by = "mean", keep = false } = options;
  const axes = [...options.axes];
  requireOneOf("make a reduce layer", "its by", Object.keys(REDUCTIONS), by);
  const axesOf = (rank: number): number[] => {
    const own = axes.map((axis) => axisOf("reduce", axis, rank));
    const each = new Set(own).size === own.length;
    requireRange("apply a reduce layer", "its axes must differ", each, `[${axes}]`);
    return own;
  };
  return defineLayer({
    op: "reduce",
    declare(shape) {
      const own = axesOf(shape.length);
      const reduced = keep
        ? shape.map((size, axis) => own.includes(axis) ? 1 : size)
        : shape.filter((_, axis) => !own.includes(axis));
      return stateless(reduced, { flops: sizeOf(shape), window: "all" });
    },
    apply: (_params, state, x) => {
      const own = axesOf(x.rank - 1).map((axis) => axis + 1);
      return [own.length === 0 ? x : REDUCTIONS[by](x, own, keep), state];
    },
    operations({ add, x, shape }) {
      const own = axesOf(x.shape.length);
      return own.length === 0 ? x : add({ op: "reduce", by, axes: own, keep }, shape, x);
    },
  });
}

/**
 * Changes the order of each example's axes.
 *
 * @param order which axis comes first, second, …, each from 0
 * @returns the layer
 * @throws {RangeError} if `order` does not have each axis once
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers } from "@neocog/neocog";
 *
 * assertEquals(layers.transpose([2, 0, 1]).declare([5, 6, 3]).shape, [3, 5, 6]);
 * ```
 */
export function transpose(order: readonly number[]): Layer<Empty, Empty> {
  const own = [...order];
  const isOrder = [...own].sort((a, b) => a - b).every((axis, i) => axis === i);
  requireRange("make a transpose layer", "its order must have each axis once", isOrder, `[${own}]`);
  return defineLayer({
    op: "transpose",
    declare(shape) {
      if (shape.length !== own.length) {
        throw new TypeError(
          `Cannot apply a transpose layer: its input must have ${own.length} axes, got [${shape}]`,
        );
      }
      return stateless(own.map((axis) => shape[axis]!), { flops: 0, window: "all" });
    },
    apply: (_params, state, x) => [tf.transpose(x, [0, ...own.map((axis) => axis + 1)]), state],
    operations: only({ op: "transpose", order: own }),
  });
}

/** Options of {@linkcode slice}. */
export type SliceOptions = {
  /** The first place along each axis of an example. */
  readonly begin: readonly number[];
  /** How many places along each axis; −1 is all that are left. */
  readonly size: readonly number[];
};

/**
 * Cuts a block out of each example.
 *
 * @param options where it begins and how large it is
 * @returns the layer
 * @throws {RangeError} if a number is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers } from "@neocog/neocog";
 *
 * const crop = layers.slice({ begin: [2, 2, 0], size: [24, 24, -1] });
 * assertEquals(crop.declare([28, 28, 3]).shape, [24, 24, 3]);
 * ```
 */
export function slice(options: SliceOptions): Layer<Empty, Empty> {
  requireOptions("make a slice layer", options, { begin: true, size: true });
  const [begin, size] = [[...options.begin], [...options.size]];
  begin.forEach((place) => requireWhole("make a slice layer", "its begin", place, 0));
  size.forEach((length) => requireWhole("make a slice layer", "its size", length, -1));
  return defineLayer({
    op: "slice",
    declare(shape) {
      const sizes = shape.map((length, axis) =>
        size[axis] === -1 ? length - begin[axis]! : size[axis]!
      );
      const fits = begin.length === shape.length && size.length === shape.length &&
        sizes.every((length, axis) => length >= 1 && begin[axis]! + length <= shape[axis]!);
      if (!fits) {
        throw new RangeError(
          `Cannot apply a slice layer to [${shape}]: it must lie inside, got [${size}] from [${begin}] on`,
        );
      }
      const window = shape.length === 3
        ? {
          size: [1, 1],
          stride: [1, 1],
          dilation: [1, 1],
          before: [-begin[0]!, -begin[1]!],
        } as const
        : "all";
      return stateless(sizes, { flops: 0, window });
    },
    apply: (_params, state, x) => [tf.slice(x, [0, ...begin], [-1, ...size]), state],
    operations: only({ op: "slice", begin }),
  });
}

/**
 * Gives each example another shape, its numbers in the same order.
 *
 * @param shape the new shape, without the batch; one size may be −1, what is left
 * @returns the layer
 * @throws {RangeError} if a size is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers } from "@neocog/neocog";
 *
 * assertEquals(layers.reshape([7, 7, -1]).declare([784]).shape, [7, 7, 16]);
 * ```
 */
export function reshape(shape: Shape): Layer<Empty, Empty> {
  const wanted = [...shape];
  const holds = wanted.every((size) => Number.isInteger(size) && (size >= 1 || size === -1)) &&
    wanted.filter((size) => size === -1).length <= 1;
  const rule = "its sizes must be whole numbers of at least 1, and one at the most -1";
  requireRange("make a reshape layer", rule, holds, `[${wanted}]`);
  const known = sizeOf(wanted.filter((size) => size !== -1));
  const shapeFor = (size: number): number[] => wanted.map((one) => one === -1 ? size / known : one);
  return defineLayer({
    op: "reshape",
    declare(input) {
      const output = shapeFor(sizeOf(input));
      if (sizeOf(output) !== sizeOf(input) || !output.every(Number.isInteger)) {
        throw new RangeError(
          `Cannot apply a reshape layer to [${input}]: the sizes must go together, got [${wanted}]`,
        );
      }
      return stateless(output, { flops: 0, window: "all", view: true });
    },
    apply: (_params, state, x) => [
      tf.reshape(x, [x.shape[0]!, ...shapeFor(sizeOf(x.shape.slice(1)))]),
      state,
    ],
    operations: only({ op: "reshape" }),
  });
}

/**
 * A join of `parallel` that puts outputs behind one another along any axis.
 *
 * @param axis an axis of an example, from 0, or from −1 back; −1 is what `"concat"` does
 * @returns the join
 * @throws {TypeError} when the layer is declared, if other sizes of the outputs differ
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identity, layers, parallel } from "@neocog/neocog";
 *
 * const twice = parallel({ a: identity(), b: identity() }, layers.concatAlong(0));
 * assertEquals(twice.declare([4, 5, 3]).shape, [8, 5, 3]);
 * ```
 */
export function concatAlong(axis: number): Join {
  return {
    name: "concat",
    shape(shapes) {
      const first = shapes[0]!;
      const own = axisOf("parallel", axis, first.length);
      const others = (shape: Shape): string => `${shape.length}:${shape.toSpliced(own, 1)}`;
      if (shapes.some((shape) => others(shape) !== others(first))) {
        throw new TypeError(
          `Cannot join parallel layers: all sizes of their outputs but that of axis ${own} must be equal, got ${
            shapes.map((shape) => `[${shape}]`).join(", ")
          }`,
        );
      }
      return first.map((size, i) =>
        i === own ? shapes.reduce((sum, shape) => sum + shape[own]!, 0) : size
      );
    },
    flops: () => 0,
    join: (outputs) => tf.concat([...outputs], axis < 0 ? axis : axis + 1),
    operations: ({ add, outputs, shape }) =>
      add({ op: "concat", axis: axisOf("parallel", axis, shape.length) }, shape, ...outputs),
  };
}
