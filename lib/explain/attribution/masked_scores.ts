// The scores of images of which parts are covered: for occlusion, LIME, curves and infidelity.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { oneBehind } from "../../tensor/one_behind.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireWhole } from "../../text/require.ts";
import { PROGRESS_OPTIONS, type ProgressOptions } from "../for_each_batch.ts";
import { scoresOf } from "../input_gradient.ts";
import { jitIf } from "../jit_if.ts";
import type { Objective } from "../objective.ts";

/** Options of what covers images; a step is a covered image. */
export type MaskedScoresOptions = ProgressOptions & {
  /** How many covered images at a time, from 1. Default: 8. */
  readonly batchSize?: number;
};

/** The names of {@linkcode MaskedScoresOptions}. */
export const MASKED_SCORES_OPTIONS: Readonly<Record<keyof MaskedScoresOptions, true>> = {
  ...PROGRESS_OPTIONS,
  batchSize: true,
};

/** What is seen of an image: for each pixel 1, or 0 where it is covered, `[H, W]`. */
export type Mask = (image: number, index: number) => Float32Array;

/**
 * Refuses a batch size, before anything is computed.
 *
 * @throws {RangeError} if it is not a whole number of at least 1
 */
export function requireBatchSize({ batchSize }: MaskedScoresOptions): void {
  if (batchSize !== undefined) requireWhole("cover parts of an image", "the batch size", batchSize);
}

/**
 * The score of each image under each mask.
 *
 * @param x images `[N, H, W, C]`
 * @param cover what is seen instead, of the same shape
 * @param count how many masks there are of an image
 * @returns the scores, image by image, `[N · count]`
 */
export async function maskedScores<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  cover: Tensor,
  count: number,
  mask: Mask,
  options: MaskedScoresOptions,
): Promise<Float32Array> {
  const { batchSize = 8, signal, onProgress } = options;
  const [images, height, width] = x.shape as [number, number, number];
  const [size, batch] = [height * width, Math.min(batchSize, count)];
  const scores = new Float32Array(images * count);
  using score = jitIf((image: Tensor, cover: Tensor, seen: Tensor): Tensor => {
    const part = tf.mul(image, seen); // [batch, H, W, C]
    return scoresOf(network, tf.add(part, tf.mul(cover, tf.sub(1, seen))), objective);
  }, options);
  await using reads = oneBehind();
  for (let done = 0; done < scores.length;) {
    signal?.throwIfAborted();
    const [image, first] = [Math.floor(done / count), done % count];
    const now = Math.min(batch, count - first);
    // The last batch is filled up, so that all are of one size.
    const seen = new Float32Array(batch * size);
    for (let i = 0; i < now; i++) seen.set(mask(image, first + i), i * size);
    const found = tf.tidy(() =>
      score(
        tf.slice(x, [image], [1]),
        tf.slice(cover, [image], [1]),
        tf.tensor(seen, [batch, height, width, 1]),
      )
    );
    const begin = done;
    await reads.next(found, async (found) => {
      const numbers = await found.data().finally(() => found.dispose()) as Float32Array;
      scores.set(numbers.subarray(0, now), begin);
      onProgress?.(begin + now, scores.length);
      signal?.throwIfAborted();
    });
    done += now;
  }
  await reads.end();
  return scores;
}
