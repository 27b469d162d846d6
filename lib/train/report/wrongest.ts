// The examples that a network gets most wrong.
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { evaluate, EVALUATE_OPTIONS, type EvaluateOptions, type Evaluation } from "../evaluate.ts";

/** An example that was misclassified. */
export type Mistake = {
  /** The example's place, from 0. */
  readonly index: number;
  /** Its class. */
  readonly actual: string;
  /** The predicted class. */
  readonly predicted: string;
  /** The probability of the predicted class, 0 to 1. */
  readonly probability: number;
  /** The probability of its class, 0 to 1. */
  readonly actualProbability: number;
};

/**
 * The examples that a network gets most wrong: of the misclassified ones, those whose own class has
 * the lowest probability and so the highest cross-entropy. Often they are mislabeled, or show more
 * than their label says.
 *
 * @param network the network, `[N, …] → logits [N, classes]`
 * @param examples the examples, in memory or read as needed
 * @param count how many at most, from 1
 * @param options batch size, normalization, as for {@linkcode evaluate}
 * @returns the mistakes, the worst first; all if there are fewer
 * @throws {RangeError} if `count` is not a whole number of at least 1
 * @throws {TypeError} if the network does not output a score for each class
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { flatten, init, key, start } from "@neocog/neocog";
 * import { wrongest } from "@neocog/neocog/report";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "pairs of pixels",
 *   images: new Uint8Array([0, 255, 0, 51, 255, 0]),
 *   labels: new Uint8Array([0, 0, 0]),
 *   imageShape: [1, 1, 2],
 *   classNames: ["left", "right"],
 * } as const;
 * // Its scores are the pixels themselves.
 * const wrong = await wrongest(init(flatten(), key(0), [1, 1, 2]), examples, 5);
 * assertEquals(wrong.map(({ index, predicted }) => [index, predicted]), [[0, "right"], [1, "right"]]);
 * ```
 */
export async function wrongest<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples | ImageSource,
  count: number,
  options: Omit<EvaluateOptions, "classify"> = {},
): Promise<Mistake[]> {
  requireOptions("find the worst mistakes", options, EVALUATE_OPTIONS);
  requireWhole("find the worst mistakes", "their count", count);
  return wrongestOf(await evaluate(network, examples, options), examples, count);
}

/**
 * As {@linkcode wrongest}, from an evaluation.
 *
 * @param evaluation what {@linkcode evaluate} returned
 * @param examples the measured examples
 * @param count how many at most, from 1
 * @returns the mistakes, the worst first; all if there are fewer
 * @throws {RangeError} if `count` is not a whole number of at least 1
 * @throws {TypeError} if other examples were measured
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { evaluate, flatten, init, key, start } from "@neocog/neocog";
 * import { wrongestOf } from "@neocog/neocog/report";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "a pair of pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0]),
 *   imageShape: [1, 1, 2],
 *   classNames: ["left", "right"],
 * } as const;
 * const evaluation = await evaluate(init(flatten(), key(0), [1, 1, 2]), examples);
 * assertEquals(wrongestOf(evaluation, examples, 1)[0]!.predicted, "right");
 * ```
 */
export function wrongestOf(
  { predictions }: Pick<Evaluation, "predictions">,
  { labels, classNames }: Pick<Examples, "labels" | "classNames">,
  count: number,
): Mistake[] {
  requireWhole("find the worst mistakes", "their count", count);
  const { predicted, probability, actual } = predictions;
  if (predicted.length !== labels.length) {
    throw new TypeError(
      `Cannot find the worst mistakes: each example must have one prediction, got ${predicted.length} predictions of ${labels.length} examples`,
    );
  }
  return Array.from(predicted, (_, index) => index)
    .filter((index) => predicted[index] !== labels[index])
    .sort((a, b) => actual[a]! - actual[b]! || a - b)
    .slice(0, count)
    .map((index) => ({
      index,
      actual: classNames[labels[index]!]!,
      predicted: classNames[predicted[index]!]!,
      probability: probability[index]!,
      actualProbability: actual[index]!,
    }));
}
