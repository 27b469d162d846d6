// What is wanted of an image, as a number: objectives, which add and scale.
import type { Layer } from "../layers/layer.ts";
import type { Scalar, Shape, Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireLayer } from "../layers/layers_of.ts";

/** A number to be climbed: a function of what layers answer, and of the image. */
export type Objective = {
  /** What it is called, in records and captions. */
  readonly name: string;
  /** The layers whose outputs it is given; `""` is the model's own. */
  readonly paths: readonly Path[];
  /**
   * @param output answers what a layer answered, `[N, …]`
   * @param images the images, `[N, H, W, C]`
   * @returns the sum over the batch, shape `[]`: larger is better
   */
  score(output: (path: Path) => Tensor, images: Tensor): Scalar;
  /**
   * Refuses a model that it does not fit, before anything is computed.
   *
   * @param model the model
   * @param shape shape of one input, without the batch
   * @throws {RangeError} where a path, unit or class is not there
   */
  check<P extends Tree, S extends Tree>(model: Layer<P, S>, shape: Shape): void;
};

/**
 * Refuses a number of something that is not there.
 *
 * @param what what it is the number of
 * @param index the number
 * @param count how many there are
 * @throws {RangeError} where it is not a whole number from 0 to `count` − 1
 */
export function requireIndex(what: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new RangeError(
    `Cannot look at a ${what}: it must be a whole number from 0 to ${count - 1}, got ${index}`,
  );
}

/** The numbers of one channel, `[N, …]` without the last axis. */
function channelOf(output: Tensor, channel: number): Tensor {
  const axis = output.rank - 1;
  return tf.gather(output, tf.tensor1d([channel], "int32"), axis).squeeze([axis]);
}

/**
 * The logit of a class (§12.9.4): S_c, before the softmax.
 *
 * @param index the class
 * @returns the objective
 * @throws {RangeError} by `check`, where there is no such class, or the model ends in a softmax,
 * whose probabilities rise when other classes fall
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classLogit } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const logits = tf.tensor2d([[1, 2, 3]]);
 * assertEquals(await classLogit(2).score(() => logits, logits).array(), 3);
 * ```
 */
export function classLogit(index: number): Objective {
  return {
    name: `class ${index}`,
    paths: [""],
    score: (output) => tf.sum(channelOf(output(""), index)).asScalar(),
    check(model, shape) {
      const { children, shape: out } = model.declare(shape);
      const last = children?.at(-1)?.layer.op ?? model.op;
      if (last === "softmax") {
        throw new RangeError(
          `Cannot climb a class: the model must answer logits, got a model that ends in "${last}"`,
        );
      }
      if (out.length !== 1) {
        throw new RangeError(
          `Cannot climb a class: the model must answer a number for each, got [${out}]`,
        );
      }
      requireIndex("class", index, out[0]!);
    },
  };
}

/** Refuses a layer that comes after a softmax: its numbers rise when others fall. */
function requireUnit<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path: Path,
  channel?: number,
): Shape {
  const { op, shape: output } = requireLayer(model, shape, path);
  if (op === "softmax") {
    throw new RangeError(
      `Cannot climb a layer: it must come before the softmax, got "${path}"`,
    );
  }
  if (channel !== undefined) requireIndex(`channel of "${path}"`, channel, output.at(-1)!);
  return output;
}

/**
 * The mean of a feature map: one filter's answer, wherever it is.
 *
 * @param path the layer
 * @param index the feature map, or the unit of a dense layer
 * @returns the objective
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { channel } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const maps = tf.tensor4d([1, 10, 3, 30], [1, 1, 2, 2]);
 * assertEquals(await channel("conv1", 1).score(() => maps, maps).array(), 20);
 * ```
 */
export function channel(path: Path, index: number): Objective {
  return {
    name: `${path}, channel ${index}`,
    paths: [path],
    score(output) {
      const map = channelOf(output(path), index);
      const each = map.rank === 1 ? map : tf.mean(map, map.shape.slice(1).map((_, i) => i + 1));
      return tf.sum(each).asScalar();
    },
    check: (model, shape) => void requireUnit(model, shape, path, index),
  };
}

/**
 * One neuron: a feature map's number at one place.
 *
 * @param path the layer, whose output is `[N, H, W, C]`
 * @param index the feature map
 * @param at row and column. Default: the middle, ⌊H / 2⌋ and ⌊W / 2⌋
 * @returns the objective
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { neuron } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const maps = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
 * assertEquals(await neuron("conv1", 0, [0, 1]).score(() => maps, maps).array(), 2);
 * ```
 */
export function neuron(
  path: Path,
  index: number,
  at?: readonly [row: number, column: number],
): Objective {
  const placeIn = (shape: Shape): readonly [number, number] =>
    at ?? [shape[0]! >> 1, shape[1]! >> 1];
  return {
    name: `${path}, channel ${index}${at ? `, at ${at}` : ", in the middle"}`,
    paths: [path],
    score(output) {
      const maps = output(path);
      const [row, column] = placeIn(maps.shape.slice(1));
      const place = tf.slice(maps, [0, row, column, index], [maps.shape[0]!, 1, 1, 1]);
      return tf.sum(place).asScalar();
    },
    check(model, shape) {
      const output = requireUnit(model, shape, path, index);
      if (output.length !== 3) {
        throw new RangeError(
          `Cannot look at a neuron: its layer must answer maps [height, width, channels], got [${output}] of "${path}"`,
        );
      }
      const [row, column] = placeIn(output);
      requireIndex(`row of "${path}"`, row, output[0]!);
      requireIndex(`column of "${path}"`, column, output[1]!);
    },
  };
}

/**
 * A layer's energy ½ Σ z², DeepDream's (§12.9.6).
 *
 * @param path the layer
 * @returns the objective
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layerEnergy } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await layerEnergy("conv1").score(() => tf.tensor2d([[3, 4]]), tf.zeros([1])).array(), 12.5);
 * ```
 */
export function layerEnergy(path: Path): Objective {
  return {
    name: `${path}, ½ Σ z²`,
    paths: [path],
    score: (output) => tf.mul(tf.sum(tf.square(output(path))), 0.5).asScalar(),
    check: (model, shape) => void requireUnit(model, shape, path),
  };
}

/**
 * A direction in a layer's channels: Σ over places of z · v, as a mean over the places.
 *
 * @param path the layer
 * @param vector a number for each channel
 * @returns the objective
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { direction } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const maps = tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]);
 * assertEquals(await direction("conv1", [1, -1]).score(() => maps, maps).array(), -1);
 * ```
 */
export function direction(path: Path, vector: readonly number[]): Objective {
  return {
    name: `${path}, a direction`,
    paths: [path],
    score(output) {
      const maps = output(path);
      const along = tf.sum(tf.mul(maps, tf.tensor1d([...vector])), -1);
      const axes = along.shape.slice(1).map((_, i) => i + 1);
      return tf.sum(axes.length ? tf.mean(along, axes) : along).asScalar();
    },
    check(model, shape) {
      const channels = requireUnit(model, shape, path).at(-1)!;
      if (vector.length === channels && vector.every(Number.isFinite)) return;
      throw new RangeError(
        `Cannot climb a direction of "${path}": it must have ${channels} finite numbers, got ${vector.length}`,
      );
    },
  };
}

/**
 * The weighted sum of objectives.
 *
 * @param parts objectives with their weights
 * @returns the objective
 * @throws {RangeError} where there is none, or a weight is not a finite number
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classLogit, weighted } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const logits = tf.tensor2d([[1, 2, 3]]);
 * const between = weighted([[classLogit(2), 1], [classLogit(0), -2]]);
 * assertEquals(await between.score(() => logits, logits).array(), 1);
 * ```
 */
export function weighted(parts: readonly (readonly [Objective, number])[]): Objective {
  const wrong = parts.find(([, weight]) => !Number.isFinite(weight));
  if (parts.length === 0 || wrong) {
    throw new RangeError(
      `Cannot add objectives: there must be at least one, and weights must be finite, got ${
        wrong ? wrong[1] : "none"
      }`,
    );
  }
  return {
    name: parts.map(([{ name }, weight]) => weight === 1 ? name : `${weight} × ${name}`).join(
      " + ",
    ),
    paths: [...new Set(parts.flatMap(([{ paths }]) => paths))],
    score: (output, images) =>
      parts.map(([part, weight]) => tf.mul(part.score(output, images), weight) as Scalar)
        .reduce((a, b) => tf.add(a, b)),
    check: (model, shape) => parts.forEach(([part]) => part.check(model, shape)),
  };
}
