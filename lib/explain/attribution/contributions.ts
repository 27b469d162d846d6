// What inputs add to an output: values that add up to the difference from a baseline.
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Objective } from "../objective.ts";
import { type Attribution, readAttribution } from "./attribution.ts";

/** What methods return that distribute the difference between the outputs for an image and a baseline. */
export type Contributions = Attribution & {
  /** The objective for the baseline of each image. */
  readonly baselineScores: readonly number[];
  /** For each image, the sum of the values minus the difference of the scores: 0 if nothing is lost. */
  readonly deltas: readonly number[];
};

/**
 * Reads the result from the device, and disposes of the tensors.
 *
 * @param values `[N, H, W, C]`
 * @param scores `[N]`, for the images
 * @param baselineScores for their baselines
 * @throws {RangeError} if a value is not finite
 */
export async function readContributions(
  method: string,
  objective: Objective,
  values: Tensor,
  scores: Tensor,
  baselineScores: readonly number[],
): Promise<Contributions> {
  const found = await readAttribution(method, objective, values, scores);
  return { ...found, baselineScores, deltas: deltasOf(found, baselineScores) };
}

function deltasOf({ scores, values }: Attribution, baselineScores: readonly number[]): number[] {
  const each = values.length / scores.length;
  return scores.map((score, i) => {
    const own = values.subarray(i * each, (i + 1) * each);
    return own.reduce((sum, value) => sum + value, 0) - (score - baselineScores[i]!);
  });
}

/** Reads scores `[N]`, and disposes of them. */
export async function readScores(scores: Tensor): Promise<number[]> {
  const numbers = [...await scores.data()];
  tf.dispose(scores);
  return numbers;
}
