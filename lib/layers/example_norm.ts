// Normalization of each example by itself: by groups of features, by feature, or as a whole.
import { requireOneOf, requireRange, requireWhole } from "../text/require.ts";
import { standardize } from "../tensor/standardize.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { type Cost, costOfEach } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { ones, zeros } from "./initializers.ts";
import type { Layer, Slots } from "./layer.ts";
import type { BatchNormParams } from "./norm.ts";
import { requireFeatures } from "./window.ts";
import { withArticle } from "../text/article.ts";

/** Parameters of these layers; without affine there are none. */
export type ExampleNormParams = Partial<BatchNormParams>;

/** Options of {@linkcode instanceNorm}, and of the others. */
export type ExampleNormOptions = {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Whether a learned scale and shift follow. Default: `true`, of `instanceNorm` `false`. */
  readonly affine?: boolean;
};

/** Options of {@linkcode groupNorm}. */
export type GroupNormOptions = ExampleNormOptions & {
  /** Number of groups that the features are divided into. */
  readonly groups: number;
};

/** Options of {@linkcode layerNorm}. */
export type LayerNormOptions = ExampleNormOptions & {
  /**
   * `"last"`: over the features of each position, as in ConvNeXt and transformers; `"all"`: over the
   * whole example. Default: `"last"`.
   */
  readonly axes?: "last" | "all";
};

type Norm = {
  readonly op: string;
  readonly options: ExampleNormOptions;
  readonly affine: boolean;
  /** Shape of scale and shift. */
  readonly slots: (shape: Shape) => Shape;
  readonly check?: (shape: Shape) => void;
  readonly wide: (shape: Shape) => boolean;
  /** An example's numbers, of positions and features, as positions, groups and features of a group. */
  readonly sets: (positions: number, features: number) => [number, number, number];
  /** What has mean 0: as many groups of features, or as `"norm"` has it. */
  readonly over: (shape: Shape) => number | "last" | "all";
};

/** Mean, difference, square and its mean, product; and the affine's two. */
function normLayer(norm: Norm): Layer<ExampleNormParams, Record<string, never>> {
  const { op, options, affine, slots, wide, sets } = norm;
  const { epsilon = 1e-5 } = options;
  requireRange(
    `make ${withArticle(op)} layer`,
    "its epsilon must be above 0",
    epsilon > 0,
    epsilon,
  );
  return defineLayer<ExampleNormParams, Record<string, never>>({
    op,
    declare(shape) {
      requireFeatures(op, shape);
      norm.check?.(shape);
      const cost: Cost = costOfEach(shape, affine ? 7 : 5);
      const params = affine
        ? {
          scale: { shape: slots(shape), initializer: ones },
          shift: { shape: slots(shape), initializer: zeros },
        }
        : {};
      return {
        shape,
        params: params as Slots<ExampleNormParams>,
        state: {},
        cost: wide(shape) ? { ...cost, window: "all" } : cost,
      };
    },
    apply(params, state, x) {
      const [examples, ...sizes] = x.shape;
      const [positions, features] = [sizeOf(sizes.slice(0, -1)), sizes.at(-1)!];
      const after = affine ? { scale: params.scale!, shift: params.shift! } : undefined;
      return [standardize(x, [examples!, ...sets(positions, features)], epsilon, after), state];
    },
    operations({ add, x, shape, weight }) {
      const after = affine ? { scale: weight("scale"), shift: weight("shift") } : {};
      return add({ op: "norm", over: norm.over(shape), epsilon, ...after }, shape, x);
    },
  });
}

/**
 * Group normalization (Wu and He, 2018): of each example, groups of neighboring features over all
 * positions, then scaled and shifted by feature.
 *
 * @param options number of groups, epsilon (1e-5), affine (yes)
 * @returns the layer, of any shape with features last
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const layer = layers.groupNorm({ groups: 2, epsilon: 1e-12 });
 * const { params } = init(layer, key(0), [4]);
 * const [y] = layer.apply(params, {}, tf.tensor2d([[1, 3, 50, 70]]), {});
 * assertEquals(await y.array(), [[-1, 1, -1, 1]]);
 * ```
 */
export function groupNorm(
  options: GroupNormOptions,
): Layer<ExampleNormParams, Record<string, never>> {
  requireLayerOptions("groupNorm", options, { groups: true, epsilon: true, affine: true });
  const { groups, affine = true } = options;
  requireWhole("make a groupNorm layer", "its groups", groups);
  return normLayer({
    op: "groupNorm",
    options,
    affine,
    slots: (shape) => shape.slice(-1),
    check(shape) {
      if (shape.at(-1)! % groups === 0) return;
      throw new RangeError(
        `Cannot apply a groupNorm layer to [${shape}]: its groups must divide the features, got ${groups} groups of ${
          shape.at(-1)
        }`,
      );
    },
    wide: () => true,
    over: () => groups,
    sets: (positions, features) => [positions, groups, features / groups],
  });
}

/**
 * Instance normalization (Ulyanov, Vedaldi and Lempitsky, 2016): of each example, each feature over
 * all positions.
 *
 * @param options epsilon (1e-5), affine (no)
 * @returns the layer, of shapes `[…positions, C]`
 * @throws {RangeError} if `epsilon` is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const x = tf.tensor4d([1, 50, 3, 70], [1, 1, 2, 2]);
 * const [y] = layers.instanceNorm({ epsilon: 1e-12 }).apply({}, {}, x, {});
 * assertEquals([...await y.data()], [-1, -1, 1, 1]);
 * ```
 */
export function instanceNorm(
  options: ExampleNormOptions = {},
): Layer<ExampleNormParams, Record<string, never>> {
  requireLayerOptions("instanceNorm", options, { epsilon: true, affine: true });
  return normLayer({
    op: "instanceNorm",
    options,
    affine: options.affine ?? false,
    slots: (shape) => shape.slice(-1),
    check(shape) {
      if (shape.length >= 2) return;
      throw new TypeError(
        `Cannot apply an instanceNorm layer: its input must have positions, got [${shape}]`,
      );
    },
    wide: () => true,
    over: (shape) => shape.at(-1)!,
    sets: (positions, features) => [positions, features, 1],
  });
}

/**
 * Layer normalization (Ba, Kiros and Hinton, 2016): of each example, the features of each position,
 * or all numbers together.
 *
 * @param options axes ("last"), epsilon (1e-5), affine (yes)
 * @returns the layer, of any shape with features last
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const layer = layers.layerNorm({ epsilon: 1e-12, affine: false });
 * const [y] = layer.apply({}, {}, tf.tensor2d([[1, 3], [50, 70]]), {});
 * assertEquals(await y.array(), [[-1, 1], [-1, 1]]);
 * ```
 */
export function layerNorm(
  options: LayerNormOptions = {},
): Layer<ExampleNormParams, Record<string, never>> {
  requireLayerOptions("layerNorm", options, { axes: true, epsilon: true, affine: true });
  const { axes = "last", affine = true } = options;
  requireOneOf("make a layerNorm layer", "its axes", ["last", "all"], axes);
  return normLayer({
    op: "layerNorm",
    options,
    affine,
    slots: (shape) => axes === "last" ? shape.slice(-1) : shape,
    wide: (shape) => axes === "all" || shape.length === 1,
    over: () => axes,
    // Sets that lie whole one behind another: along the features of each position, or of all.
    sets: (positions, features) =>
      axes === "last" ? [1, positions, features] : [1, 1, positions * features],
  });
}
