// Layers that are random in training: whole maps or examples dropped, noise added.
import { type BatchPart, firstElement } from "../tensor/batch_part.ts";
import { requireOneOf, requireOptions, requireRange } from "../text/require.ts";
import { dropUnits, requireRate } from "../tensor/drop_units.ts";
import { normalTensor } from "../tensor/random_tensors.ts";
import type { Key } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { defineLayer } from "./define_layer.ts";
import { type Context, type Empty, type Layer, stateless } from "./layer.ts";
import { requireImage } from "./window.ts";
import { withArticle } from "../text/article.ts";

/** A layer that does something in training alone, by its key. */
function randomLayer(
  op: string,
  isNothing: boolean,
  f: (x: Tensor, key: Key, part: BatchPart | undefined) => Tensor,
  check: (shape: Shape) => void = () => {},
): Layer<Empty, Empty> {
  return defineLayer<Empty, Empty>({
    op,
    operations: ({ x }) => x,
    declare(shape) {
      check(shape);
      return { ...stateless(shape, { flops: 0 }), random: !isNothing };
    },
    apply(_params, state, x, { training, key, part }: Context) {
      if (!training || isNothing) return [x, state];
      if (!key) {
        throw new TypeError(
          `Cannot apply ${
            withArticle(op)
          } layer in training: its context must have a key, got ${key}`,
        );
      }
      return [f(x, key, part), state];
    },
  });
}

/** Drops what shares a number of a smaller shape, and scales the rest. */
function dropTogether(
  x: Tensor,
  shape: readonly number[],
  rate: number,
  key: Key,
  part: BatchPart | undefined,
): Tensor {
  return tf.mul(x, dropUnits(tf.ones([...shape]), rate, key, firstElement(part, shape)));
}

/**
 * Spatial dropout (Tompson et al., 2015), PyTorch's `Dropout2d`: in training whole feature maps are
 * set to zero with probability `rate`, the others scaled by 1 / (1 − rate).
 *
 * @param rate probability of a map to be dropped, from 0 up to but not including 1
 * @returns the layer; in training its context needs a `key`
 * @throws {RangeError} if `rate` is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const context = { training: true, key: key(0) };
 * const [y] = layers.spatialDropout(0.5).apply({}, {}, tf.ones([1, 2, 2, 50]), context);
 * const [first, second] = await tf.unstack(tf.reshape(y, [4, 50])).map((row) => row.dataSync());
 * assertEquals(first, second);
 * ```
 */
export function spatialDropout(rate: number): Layer<Empty, Empty> {
  requireRate("make a spatialDropout layer", rate);
  return randomLayer(
    "spatialDropout",
    rate === 0,
    (x, key, part) => dropTogether(x, [x.shape[0]!, 1, 1, x.shape[3]!], rate, key, part),
    (shape) => requireImage("spatialDropout", shape),
  );
}

/** Options of {@linkcode stochasticDepth}. */
export type StochasticDepthOptions = {
  /** `"row"`: each example by itself; `"batch"`: all or none. Default: `"row"`. */
  readonly mode?: "row" | "batch";
};

/**
 * Stochastic depth (Huang et al., 2016), as the last layer of a residual body: in training its
 * input is set to zero with probability `rate`, so that the block is skipped, or scaled by
 * 1 / (1 − rate).
 *
 * @param rate probability of the body to be skipped, from 0 up to but not including 1
 * @param options by example or by batch
 * @returns the layer; in training its context needs a `key`
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const context = { training: true, key: key(0) };
 * const [y] = layers.stochasticDepth(0.5).apply({}, {}, tf.ones([100, 1]), context);
 * assertEquals([...new Set(await y.data())].sort(), [0, 2]);
 * ```
 */
export function stochasticDepth(
  rate: number,
  options: StochasticDepthOptions = {},
): Layer<Empty, Empty> {
  requireOptions("make a stochasticDepth layer", options, { mode: true });
  const { mode = "row" } = options;
  requireRate("make a stochasticDepth layer", rate);
  requireOneOf("make a stochasticDepth layer", "its mode", ["row", "batch"], mode);
  return randomLayer("stochasticDepth", rate === 0, (x, key, part) => {
    const isRow = mode === "row";
    const shape = [isRow ? x.shape[0]! : 1, ...x.shape.slice(1).map(() => 1)];
    return dropTogether(x, shape, rate, key, isRow ? part : undefined);
  });
}

/**
 * Adds normally distributed noise in training.
 *
 * @param deviation the noise's standard deviation, finite and at least 0
 * @returns the layer; in training its context needs a `key`
 * @throws {RangeError} if `deviation` is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const noise = layers.gaussianNoise(0.1);
 * const x = tf.zeros([4]);
 * assertEquals(noise.apply({}, {}, x, {})[0], x);
 * const context = { training: true, key: key(0) };
 * const draw = () => noise.apply({}, {}, x, context)[0].array();
 * assertEquals(await draw(), await draw());
 * ```
 */
export function gaussianNoise(deviation: number): Layer<Empty, Empty> {
  const holds = deviation >= 0 && deviation < Infinity;
  const rule = "its deviation must be finite and at least 0";
  requireRange("make a gaussianNoise layer", rule, holds, deviation);
  return randomLayer(
    "gaussianNoise",
    deviation === 0,
    (x, key, part) => tf.add(x, noiseOf(x.shape, deviation, key, part)),
  );
}

/** Noise for a part of a batch: that of the batch, cut. */
function noiseOf(
  shape: Shape,
  deviation: number,
  key: Key,
  part: BatchPart | undefined,
): Tensor {
  if (!part) return normalTensor(key, shape, 0, deviation);
  const [own, ...rest] = shape;
  const whole = normalTensor(key, [part.of, ...rest], 0, deviation);
  const first = Math.min(part.first, part.of - own!);
  return tf.slice(whole, [first, ...rest.map(() => 0)], [own!, ...rest]);
}
