// Examples as batches of tensors, for a training loop to go through.

import { type Key, permutation } from "../tensor/random.ts";
import type { Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { checkExamples, type Examples, imageSize, pick } from "./examples.ts";
import { type ImageSource, isSource, readNumbers } from "./image_source.ts";
import { type Normalization, pixelTable } from "./normalization.ts";
import { prefetch } from "./prefetch.ts";

/** Some examples as tensors, which belong to whoever receives them and are his to dispose of. */
export type Batch = {
  /** The images, normalized, float32: `[B, H, W, C]`. */
  readonly images: Tensor4D;
  /** One-hot labels, float32: `[B, classes]`. */
  readonly labels: Tensor2D;
  /** The labels as numbers: `[B]`. */
  readonly classes: Uint8Array | Uint16Array;
  /** How many examples these are, B. */
  readonly size: number;
};

/** Batches to iterate over, as often as wanted and in the same order every time. */
export type Dataset = AsyncIterable<Batch> & {
  /** How many examples one iteration gives. */
  readonly count: number;
  /** How many batches one iteration gives. */
  readonly batchCount: number;
};

/** How examples become batches. */
export type BatchOptions = {
  /** Examples in a batch, from 1 to all there are. */
  readonly batchSize: number;
  /** Shuffles with this key; without, the examples keep their order. */
  readonly key?: Key;
  /** How pixels become numbers; `"unit"`, a division by 255, where not given. */
  readonly normalize?: Normalization;
  /** Leaves out a last batch that is not full. */
  readonly dropRemainder?: boolean;
  /** Leaves out so many batches at the beginning: where an interrupted epoch goes on. */
  readonly skip?: number;
};

/**
 * Parts examples into batches of tensors. The host's share of the next batch
 * (reading, shuffling, normalization, one-hot labels) is done while the consumer waits
 * for the GPU; tensors are made only as they are handed out, so that a loop left early
 * leaves none behind. For another order in every epoch give `fold(key, epoch)`. Of a
 * source no more than two batches are in memory.
 *
 * @param examples what to part: in memory, or a source that is read when it is wanted
 * @param options batch size, key, normalization, and whether the remainder is dropped
 * @returns the batches
 * @throws {RangeError} where the batch size is not a whole number from 1 to the number of examples, a
 * label has no class, or the normalization does not suit the channels
 * @throws {TypeError} where pixels, labels and image shape do not fit each other; of a source that
 * is known when a batch is read, and whatever its reading throws is thrown by the loop
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { batches, tf } from "@neocog/neocog";
 *
 * await tf.setBackend("cpu");
 * const examples = {
 *   name: "three pixels",
 *   images: new Uint8Array([0, 255, 51]),
 *   labels: new Uint8Array([0, 1, 0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * for await (const { images, labels, size } of batches(examples, { batchSize: 3 })) {
 *   assertEquals(images.shape, [size, 1, 1, 1]);
 *   assertEquals(await labels.array(), [[1, 0], [0, 1], [1, 0]]);
 *   tf.dispose([images, labels]);
 * }
 * ```
 */
export function batches(examples: Examples | ImageSource, options: BatchOptions): Dataset {
  checkExamples(examples);
  const { batchSize, key, normalize = "unit", dropRemainder = false, skip = 0 } = options;
  const total = examples.labels.length;
  checkBatchSize(batchSize, examples);
  const whole = dropRemainder ? Math.floor(total / batchSize) : Math.ceil(total / batchSize);
  const batchCount = Math.max(0, whole - skip);
  const table = pixelTable(normalize, examples.imageShape[2]);
  const order = key === undefined ? inOrder(total) : permutation(key, total);
  const prepare = (index: number): HostBatch | Promise<HostBatch> =>
    hostBatch(
      examples,
      order.slice((skip + index) * batchSize, (skip + index + 1) * batchSize),
      table,
    );
  return {
    count: Math.max(0, Math.min(total, whole * batchSize) - skip * batchSize),
    batchCount,
    async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, void> {
      for await (const host of prefetch(batchCount, prepare)) yield upload(host, examples);
    },
  };
}

/** A batch before it is tensors. */
type HostBatch = {
  readonly images: Float32Array;
  readonly labels: Float32Array;
  readonly classes: Uint8Array | Uint16Array;
};

/** Refuses a batch size that cannot be. */
function checkBatchSize(batchSize: number, examples: Examples | ImageSource): void {
  const total = examples.labels.length;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > total) {
    throw new RangeError(
      `Cannot make batches of ${examples.name}: the batch size must be a whole number from 1 ` +
        `to ${total}, the number of examples, got ${batchSize}`,
    );
  }
}

/** The order that changes nothing. */
function inOrder(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i): number => i);
}

/** The examples at `indices`, for a source once they are read. */
function hostBatch(
  examples: Examples | ImageSource,
  indices: Uint32Array,
  table: Float32Array,
): HostBatch | Promise<HostBatch> {
  const rest = { ...oneHot(examples, indices), classes: pick(examples.labels, indices) };
  if (!isSource(examples)) return { images: gather(examples, indices, table), ...rest };
  return readNumbers(examples, indices).then((pixels) => {
    if (pixels instanceof Float32Array) return { images: pixels, ...rest };
    const images = new Float32Array(pixels.length);
    normalized(pixels, images, 0, table, examples.imageShape[2]);
    return { images, ...rest };
  });
}

/** Collects and normalizes the images at `indices`. */
function gather(examples: Examples, indices: Uint32Array, table: Float32Array): Float32Array {
  const size = imageSize(examples);
  const images = new Float32Array(indices.length * size);
  indices.forEach((index, i): void => {
    const pixels = examples.images.subarray(index * size, (index + 1) * size);
    normalized(pixels, images, i * size, table, examples.imageShape[2]);
  });
  return images;
}

/** Writes the numbers of whole pixels to `images` from `to` on. */
function normalized(
  pixels: Uint8Array,
  images: Float32Array,
  to: number,
  table: Float32Array,
  channels: number,
): void {
  for (let p = 0; p < pixels.length; p++) {
    images[to + p] = table[(p % channels) * 256 + pixels[p]!]!;
  }
}

/** The labels at `indices`, `[B, classes]`. */
function oneHot(
  { labels, classNames }: Examples | ImageSource,
  indices: Uint32Array,
): Pick<HostBatch, "labels"> {
  const rows = new Float32Array(indices.length * classNames.length);
  indices.forEach((index, i) => rows[i * classNames.length + labels[index]!] = 1);
  return { labels: rows };
}

/** Makes a batch's tensors. */
function upload(
  { images, labels, classes }: HostBatch,
  examples: Examples | ImageSource,
): Batch {
  const size = classes.length;
  return {
    images: tf.tensor4d(images, [size, ...examples.imageShape]),
    labels: tf.tensor2d(labels, [size, examples.classNames.length]),
    classes,
    size,
  };
}
