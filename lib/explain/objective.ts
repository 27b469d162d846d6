// Objectives: numbers to maximize or explain, functions of the outputs of layers.
import type { Layer } from "../layers/layer.ts";
import { requireLayer } from "../layers/layers_of.ts";
import { requireLogits } from "../layers/logits.ts";
import type { Scalar, Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { requireClassScores } from "../text/require.ts";

/** A number to maximize or to explain: a function of the outputs of layers, and of the image. */
export type Objective = {
  /** Its name, for records and captions. */
  readonly name: string;
  /** The layers whose outputs it uses; `""` is the model's own. */
  readonly paths: readonly Path[];
  /**
   * @param output returns the output of a layer, `[N, …]`
   * @param images the network's inputs, `[N, H, W, C]`
   * @returns the sum over the batch, shape `[]`; larger is better
   */
  score(output: (path: Path) => Tensor, images: Tensor): Scalar;
  /**
   * Refuses a model that it does not fit, before anything is computed.
   *
   * @param model the model
   * @param shape shape of one input, without the batch
   * @throws {RangeError} if a path, unit or class is not there
   */
  check<P extends Tree, S extends Tree>(model: Layer<P, S>, shape: Shape): void;
};

/**
 * Refuses an index that is not there.
 *
 * @throws {RangeError} if it is not a whole number from 0 to `count` − 1
 */
export function requireIndex(what: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new RangeError(
    `Cannot look at a ${what}: it must be a whole number from 0 to ${count - 1}, got ${index}`,
  );
}

/** One channel, `[N, …]` without the last axis. */
function channelOf(output: Tensor, channel: number): Tensor {
  const axis = output.rank - 1;
  return tf.gather(output, tf.tensor1d([channel], "int32"), axis).squeeze([axis]);
}

/**
 * The logit of a class (§12.9.4): S_c, before the softmax.
 *
 * @param index the class
 * @returns the objective
 * @throws {RangeError} by `check`, if there is no such class, or the model ends in a softmax,
 * whose probabilities also rise when other classes fall
 * @throws {TypeError} by `check`, if the model has a single output: that is {@linkcode channel}'s
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
      const { shape: out } = model.declare(shape);
      requireLogits("score a class", model, shape);
      if (out.length !== 1) {
        throw new RangeError(
          `Cannot score a class: the model must output a number per class, got [${out}]. layers.readOut makes them of another output`,
        );
      }
      requireClassScores("score a class", ["N", ...out]);
      requireIndex("class", index, out[0]!);
    },
  };
}

/** Refuses a softmax, whose outputs also rise when others fall, and a channel that is not there. */
function requireUnit<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path: Path,
  channel?: number,
): Shape {
  const { op, shape: output } = requireLayer(model, shape, path);
  if (op === "softmax") {
    throw new RangeError(`Cannot score a layer: it must come before the softmax, got "${path}"`);
  }
  if (channel !== undefined) requireIndex(`channel of "${path}"`, channel, output.at(-1)!);
  return output;
}

/**
 * The mean of a feature map, or a unit of a dense layer.
 *
 * @param path the layer
 * @param index the feature map or unit
 * @returns the objective
 * @throws {RangeError} by `check`, if there is no such layer, feature map or unit
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
 * One neuron: a feature map at one position.
 *
 * @param path the layer, whose output is `[N, H, W, C]`
 * @param index the feature map
 * @param at row and column. Default: the middle, ⌊H / 2⌋ and ⌊W / 2⌋
 * @returns the objective
 * @throws {RangeError} by `check`, if there is no such layer of feature maps, feature map or position
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
  const positionIn = (shape: Shape): readonly [number, number] =>
    at ?? [shape[0]! >> 1, shape[1]! >> 1];
  return {
    name: `${path}, channel ${index}${at ? `, at ${at}` : ", in the middle"}`,
    paths: [path],
    score(output) {
      const maps = output(path);
      const [row, column] = positionIn(maps.shape.slice(1));
      return tf.sum(tf.slice(maps, [0, row, column, index], [maps.shape[0]!, 1, 1, 1])).asScalar();
    },
    check(model, shape) {
      const output = requireUnit(model, shape, path, index);
      if (output.length !== 3) {
        throw new RangeError(
          `Cannot score a neuron: its layer must output maps [height, width, channels], got [${output}] of "${path}"`,
        );
      }
      const [row, column] = positionIn(output);
      requireIndex(`row of "${path}"`, row, output[0]!);
      requireIndex(`column of "${path}"`, column, output[1]!);
    },
  };
}

/**
 * The energy of a layer, ½ Σ z², which DeepDream maximizes (§12.9.6).
 *
 * @param path the layer
 * @returns the objective
 * @throws {RangeError} by `check`, if there is no such layer
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
 * A direction in the channels of a layer: the mean of z · v over the positions.
 *
 * @param path the layer
 * @param vector a number for each channel
 * @returns the objective
 * @throws {RangeError} by `check`, if there is no such layer, or not a finite number for each of its channels
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
        `Cannot score a direction of "${path}": it must have ${channels} finite numbers, got ${vector.length}`,
      );
    },
  };
}

/**
 * The weighted sum of objectives.
 *
 * @param parts objectives with their weights
 * @returns the objective
 * @throws {RangeError} if there is none, or a weight is not a finite number
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

/**
 * Refuses what is no objective.
 *
 * @param action what cannot be done, such as `explain an output`
 * @throws {TypeError} if it has no `score` and `check`
 */
export function requireObjective(action: string, value: unknown): asserts value is Objective {
  const { score, check } = (value ?? {}) as Partial<Record<"score" | "check", unknown>>;
  if (typeof score === "function" && typeof check === "function") return;
  const shown = typeof value === "string" ? JSON.stringify(value) : `${value}`;
  throw new TypeError(
    `Cannot ${action}: the target must be the index of a class or an objective, such as classLogit(3), got ${shown}`,
  );
}
