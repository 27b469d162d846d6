// What a network's answer owes to each pixel: the one form in which every method answers.
import { slotEntries } from "../../layers/layer.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import { download } from "../../tensor/transfer.ts";
import { entries, type Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import { type BackwardRule, requireRule } from "../backward_rule.ts";
import type { Network } from "../../layers/layer.ts";
import { classLogit, type Objective } from "../objective.ts";

/** What is explained: an objective, or a class by its index for the class's logit. */
export type Target = Objective | number;

/** Numbers that say how much each pixel counts, on the host. */
export type Attribution = {
  /** The method's name, `"saliency"`. */
  readonly method: string;
  /** The objective's name. */
  readonly target: string;
  /** The objective's value for each image. */
  readonly scores: readonly number[];
  /** The images' count, height and width, and either their channels or one number a pixel. */
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** The numbers, in row-major order. */
  readonly values: Float32Array;
};

/** What methods of many steps take besides their own options. */
export type LongOptions = {
  /** Called after each step with how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the work after the step under way, by the error that is the signal's reason. */
  readonly signal?: AbortSignal;
  /** Whether a step is recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/**
 * One number a pixel of one image: the sum over the channels.
 *
 * @param attribution what a method answered
 * @param index which image, from 0
 * @returns the numbers `[H, W]`, in row-major order
 * @throws {RangeError} where there is no such image
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
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(
      `Cannot make a map: the image must be a whole number from 0 to ${count - 1}, got ${index}`,
    );
  }
  const map = new Float32Array(height * width);
  const own = values.subarray(index * map.length * channels, (index + 1) * map.length * channels);
  own.forEach((value, i) => map[Math.floor(i / channels)]! += value);
  return map;
}

/**
 * Refuses what can not be explained, before anything is computed.
 *
 * @param network the network
 * @param x its inputs
 * @param target what is to be explained
 * @param rule the way back through ReLUs
 * @returns the objective
 */
export function requireExplainable<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  rule: BackwardRule = "backprop",
): Objective {
  if (x.rank !== 4 || x.size === 0) {
    throw new TypeError(
      `Cannot explain an answer: the images must be [N, height, width, channels], got [${x.shape}]`,
    );
  }
  const shape = x.shape.slice(1);
  requireOwnImages(network, shape);
  const objective = typeof target === "number" ? classLogit(target) : target;
  objective.check(network.model, shape);
  requireRule(network.model, shape, rule);
  return objective;
}

/** Refuses images for which the model would have other parameters than the network has. */
function requireOwnImages<P extends Tree, S extends Tree>(
  { model, params }: Network<P, S>,
  shape: Shape,
): void {
  const held = new Map(entries(params));
  for (const [path, slot] of slotEntries(model.declare(shape).params)) {
    const own = held.get(path)?.shape;
    if (`${own}` === `${slot.shape}`) continue;
    throw new TypeError(
      `Cannot explain an answer: the images must be of the shape that the network was made for: ` +
        `got [${shape}], for which "${path}" would be [${slot.shape}], not [${own}]`,
    );
  }
}

/**
 * The result, read from the device; the tensors are disposed of.
 *
 * @param method the method's name
 * @param objective what was explained
 * @param values `[N, H, W, C]`
 * @param scores `[N]`
 * @throws {RangeError} where a number is not finite
 */
export async function attributionOf(
  method: string,
  objective: Objective,
  values: Tensor,
  scores: Tensor,
): Promise<Attribution> {
  const [numbers, each] = await Promise.all([download(values), scores.data()]);
  const [count, height, width, channels] = values.shape as [number, number, number, number];
  tf.dispose([values, scores]);
  const { name } = objective;
  for (const value of [...each, numbers.find((value) => !Number.isFinite(value)) ?? 0]) {
    if (Number.isFinite(value)) continue;
    throw new RangeError(
      `Cannot explain ${name}: all numbers must be finite, got ${value}`,
    );
  }
  return {
    method,
    target: name,
    scores: [...each],
    shape: [count, height, width, channels],
    values: numbers,
  };
}
