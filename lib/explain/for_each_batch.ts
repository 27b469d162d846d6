// Runs a function of a network over a data set, batch by batch: for features and patches.
import { batches } from "../data/dataset.ts";
import { type Examples, imageSize } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import type { Network } from "../layers/layer.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { oneBehind } from "../tensor/one_behind.ts";
import { tf } from "../tensor/tf.ts";
import type { Tree } from "../tensor/tree.ts";
import { jitIf } from "./jit_if.ts";

/** Options of work in many steps. */
export type ProgressOptions = {
  /** Called after each step with how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops after the current step by throwing the signal's reason. */
  readonly signal?: AbortSignal;
  /** Whether a step is recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** The names of {@linkcode ProgressOptions}. */
export const PROGRESS_OPTIONS: Readonly<Record<keyof ProgressOptions, true>> = {
  onProgress: true,
  signal: true,
  jit: true,
};

/** Options of what runs over a data set; a step is an image. */
export type ForEachBatchOptions = ProgressOptions & {
  /** How pixels become the network's inputs, as in training. Default: `"unit"`, pixels / 255. */
  readonly normalize?: Normalization;
  /** Images per batch. Default: as many as have a million numbers, at most 256. */
  readonly batchSize?: number;
};

/** The names of {@linkcode ForEachBatchOptions}. */
export const FOR_EACH_BATCH_OPTIONS: Readonly<Record<keyof ForEachBatchOptions, true>> = {
  ...PROGRESS_OPTIONS,
  normalize: true,
  batchSize: true,
};

/** Where a batch is in its data set. */
export type BatchPosition = {
  /** Examples before it. */
  readonly done: number;
  /** Its examples. */
  readonly size: number;
};

/** About a million numbers at a time. */
const NUMBERS_AT_A_TIME = 2 ** 20;

/** How many images are computed together. */
export function batchSizeFor(examples: Examples | ImageSource, wanted?: number): number {
  const room = Math.max(1, Math.floor(NUMBERS_AT_A_TIME / imageSize(examples)));
  return wanted ?? Math.min(256, room, examples.labels.length);
}

/**
 * Calls a function of a network and images for all images of a data set. A batch is computed while
 * the one before is visited.
 *
 * @param visit takes the result, which it owns, and where the batch is
 */
export async function forEachBatch<P extends Tree, S extends Tree, R>(
  { params, state }: Network<P, S>,
  examples: Examples | ImageSource,
  compute: (params: P, state: S, images: Tensor) => R,
  options: ForEachBatchOptions,
  visit: (result: R, position: BatchPosition) => Promise<void>,
): Promise<void> {
  const { normalize = "unit", onProgress, signal } = options;
  const total = examples.labels.length;
  const batchSize = batchSizeFor(examples, options.batchSize);
  using call = jitIf(compute, options);
  await using visits = oneBehind();
  let done = 0;
  signal?.throwIfAborted();
  for await (const batch of batches(examples, { batchSize, normalize })) {
    batch.labels.dispose();
    const result = call(params, state, batch.images);
    tf.dispose(batch.images);
    const position = { done, size: batch.size };
    await visits.next(result, async (result) => {
      await visit(result, position);
      onProgress?.(position.done + position.size, total);
      signal?.throwIfAborted();
    });
    done += batch.size;
  }
  await visits.end();
}
