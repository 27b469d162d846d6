// The examples that a model is most wrong about.
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tree } from "../../tensor/tree.ts";
import { evaluate, type EvaluateOptions, type Evaluation } from "../evaluate.ts";

/** An example that was taken for another class. */
export type Mistake = {
  /** The example's place, from 0. */
  readonly index: number;
  /** The class that it is. */
  readonly actual: string;
  /** The class that it was taken for. */
  readonly predicted: string;
  /** The probability that the answer was given, 0 to 1. */
  readonly probability: number;
  /** The probability that the class that it is was given, 0 to 1. */
  readonly actualProbability: number;
};

/**
 * The examples that a model is most wrong about: of those it takes for another class the ones
 * whose own class it holds least likely, whose cross-entropy is the highest. Often they
 * are mislabeled, or not what their label says alone.
 *
 * @param network the network, `[N, …] → logits [N, classes]`
 * @param examples the examples, in memory or read when wanted
 * @param count how many at most, from 1
 * @param options batch size, normalization, as for {@linkcode evaluate}
 * @returns the wrong answers, the worst first; all where there are fewer
 * @throws {RangeError} where `count` is not a whole number of at least 1
 * @throws {TypeError} where the model does not answer a score for each class
 * @throws {DeviceError} where the device failed
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
  options: EvaluateOptions = {},
): Promise<Mistake[]> {
  requireCount(count);
  return wrongestOf(await evaluate(network, examples, options), examples, count);
}

/**
 * As {@linkcode wrongest}, of what was measured already.
 *
 * @param evaluation what {@linkcode evaluate} answered
 * @param examples the examples that were measured
 * @param count how many at most, from 1
 * @returns the wrong answers, the worst first; all where there are fewer
 * @throws {RangeError} where `count` is not a whole number of at least 1
 * @throws {TypeError} where other examples were measured
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
  requireCount(count);
  const { predicted, probability, actual } = predictions;
  if (predicted.length !== labels.length) {
    throw new TypeError(
      `Cannot find the wrongest answers: each example must have one, got ${predicted.length} answers of ${labels.length} examples`,
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

function requireCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new RangeError(
    `Cannot find the wrongest answers: their count must be a whole number of at least 1, got ${count}`,
  );
}
