// What each pixel contributes to a network's output: the result that all methods share.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { download } from "../../tensor/transfer.ts";
import { isTensor, type Tree } from "../../tensor/tree.ts";
import { type BackwardRule, requireRule } from "../backward_rule.ts";
import { classLogit, type Objective, requireIndex, requireObjective } from "../objective.ts";
import { requireInputShape } from "../truncate.ts";
import { requireNetwork } from "../../text/require.ts";
import { describeValue } from "../../text/value.ts";

/** What is explained: an objective, or the index of a class for the class's logit. */
export type Target = Objective | number;

/** How much each pixel counts, on the host. */
export type Attribution = {
  /** The method's name, `"saliency"`. */
  readonly method: string;
  /** The objective's name. */
  readonly target: string;
  /** The objective for each image. */
  readonly scores: readonly number[];
  /** Count, height and width of the images, and their channels or 1 for one value per pixel. */
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** The values, in row-major order. */
  readonly values: Float32Array;
};

/**
 * One value per pixel of one image: the sum over the channels.
 *
 * @param attribution the result of a method
 * @param index which image, from 0
 * @returns the values `[H, W]`, in row-major order
 * @throws {RangeError} if there is no such image
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { attributionMap } from "@neocog/neocog/explain";
 *
 * const map = attributionMap({
 *   method: "input × gradient",
 *   target: "class 3",
 *   scores: [1],
 *   shape: [1, 1, 2, 3],
 *   values: Float32Array.of(1, 2, 3, -1, 0, 1),
 * });
 * assertEquals([...map], [6, 0]);
 * ```
 */
export function attributionMap(
  { shape: [count, height, width, channels], values }: Attribution,
  index = 0,
): Float32Array {
  requireIndex("map", index, count);
  const map = new Float32Array(height * width);
  const own = values.subarray(index * map.length * channels, (index + 1) * map.length * channels);
  own.forEach((value, i) => map[Math.floor(i / channels)]! += value);
  return map;
}

/** Refuses what cannot be explained, before anything is computed. */
export function requireExplainable<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  rule: BackwardRule = "backprop",
): Objective {
  requireNetwork("explain an output", network);
  if (!isTensor(x) || x.rank !== 4 || x.size === 0) {
    throw new TypeError(
      `Cannot explain an output: the images must be a tensor [N, height, width, channels], got ${
        describeValue(x)
      }${isTensor(x) && x.rank === 3 ? ". Of one image make a batch by tf.expandDims(x)" : ""}`,
    );
  }
  const shape = x.shape.slice(1);
  requireInputShape("explain an output", network, shape);
  const objective = typeof target === "number" ? classLogit(target) : target;
  requireObjective("explain an output", objective);
  objective.check(network.model, shape);
  requireRule(network.model, shape, rule);
  return objective;
}

/**
 * Reads the result from the device, and disposes of the tensors.
 *
 * @param values `[N, H, W, C]`
 * @param scores `[N]`
 * @throws {RangeError} if a value is not finite
 */
export async function readAttribution(
  method: string,
  { name }: Objective,
  values: Tensor,
  scores: Tensor,
): Promise<Attribution> {
  const [numbers, each] = await Promise.all([download(values), scores.data()]);
  const [count, height, width, channels] = values.shape as [number, number, number, number];
  tf.dispose([values, scores]);
  for (const value of [...each, numbers.find((value) => !Number.isFinite(value)) ?? 0]) {
    if (Number.isFinite(value)) continue;
    throw new RangeError(`Cannot explain ${name}: all values must be finite, got ${value}`);
  }
  return {
    method,
    target: name,
    scores: [...each],
    shape: [count, height, width, channels],
    values: numbers,
  };
}
