// Hands a data set to a network, batch by batch: what features and patches begin with.
import { batches } from "../data/dataset.ts";
import { type Examples, imageSize } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import { jit } from "../device/jit/jit.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { Network } from "../layers/layer.ts";

/** How a data set is gone through. */
export type GoThroughOptions = {
  /** How pixels become the numbers that the network was trained on. Default: `"unit"`, pixels / 255. */
  readonly normalize?: Normalization;
  /** Images at a time. Default: as many as have a million numbers, at most 256. */
  readonly batchSize?: number;
  /** Called after each batch with the number of images that are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the work, which then throws its reason. */
  readonly signal?: AbortSignal;
  /** Whether the network is recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** Where a batch stands in its data set. */
export type Passage = { readonly done: number; readonly size: number };

/** About a million numbers at a time. */
const NUMBERS_AT_A_TIME = 2 ** 20;

/**
 * How many images are looked at together.
 *
 * @param examples the images
 * @param wanted as the options say
 */
export function batchSizeFor(examples: Examples | ImageSource, wanted?: number): number {
  const room = Math.max(1, Math.floor(NUMBERS_AT_A_TIME / imageSize(examples)));
  return wanted ?? Math.min(256, room, examples.labels.length);
}

/**
 * Calls a function of a network and images for all images of a data set.
 *
 * @param network the network
 * @param examples the images
 * @param look the function, to be recorded
 * @param options normalization, batch size, progress
 * @param visit takes what `look` answered, which it owns, and where the batch begins
 */
export async function goThrough<P extends Tree, S extends Tree, R>(
  { params, state }: Network<P, S>,
  examples: Examples | ImageSource,
  look: (params: P, state: S, images: Tensor) => R,
  options: GoThroughOptions,
  visit: (answer: R, passage: Passage) => Promise<void>,
): Promise<void> {
  const { normalize = "unit", onProgress, signal } = options;
  const total = examples.labels.length;
  const batchSize = batchSizeFor(examples, options.batchSize);
  await recorded(look, options.jit, async (call) => {
    let done = 0;
    signal?.throwIfAborted();
    for await (const batch of batches(examples, { batchSize, normalize })) {
      batch.labels.dispose();
      const answer = call(params, state, batch.images);
      tf.dispose(batch.images);
      await visit(answer, { done, size: batch.size });
      done += batch.size;
      onProgress?.(done, total);
      signal?.throwIfAborted();
    }
  });
}

/**
 * Lends a function that is recorded and replayed; what that holds on the device is freed after.
 *
 * @param f the function
 * @param jitted `false` lends the function itself
 * @param use what it is lent to
 */
export async function recorded<A extends readonly unknown[], R>(
  f: (...values: A) => R,
  jitted: boolean | undefined,
  use: (call: (...values: A) => R) => Promise<void>,
): Promise<void> {
  if (jitted === false) return await use(f);
  const replayed = jit(f);
  try {
    await use(replayed as unknown as (...values: A) => R);
  } finally {
    replayed.dispose();
  }
}
