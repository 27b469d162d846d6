// Examples as batches of tensors, for a training loop.

import { type Key, permutation } from "../tensor/random.ts";
import type { Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireWhole } from "../text/require.ts";
import { type Examples, imageSize } from "./examples.ts";
import { checkExamples, type ImageSource, isSource, readNumbers } from "./image_source.ts";
import { type Normalization, pixelTable } from "./normalization.ts";
import { prefetch } from "./prefetch.ts";
import { pick } from "./select_examples.ts";
import { streamOf } from "./stream.ts";

/** Some examples as tensors. They belong to the receiver, who disposes of them. */
export type Batch = {
  /** The images, normalized, float32: `[B, H, W, C]`. */
  readonly images: Tensor4D;
  /** One-hot labels, float32: `[B, classes]`. */
  readonly labels: Tensor2D;
  /** The labels as numbers: `[B]`. */
  readonly classes: Uint8Array | Uint16Array;
  /** The number of examples, B. */
  readonly size: number;
};

/** Batches to iterate over any number of times, in the same order every time. */
export type Dataset = AsyncIterable<Batch> & {
  /** The number of examples in one iteration. */
  readonly count: number;
  /** The number of batches in one iteration. */
  readonly batchCount: number;
};

/** Options of {@linkcode batches}. */
export type BatchOptions = {
  /** Examples in a batch, from 1 to all there are. */
  readonly batchSize: number;
  /** Shuffles the examples. Default: they keep their order. */
  readonly key?: Key;
  /** How pixels become numbers. Default: `"unit"`, a division by 255. */
  readonly normalize?: Normalization;
  /** Whether a last batch that is not full is left out. Default: `false`. */
  readonly dropRemainder?: boolean;
  /** How many batches are left out at the beginning, to resume an epoch. Default: 0. */
  readonly skip?: number;
};

/**
 * Splits examples into batches of tensors. The host's part of the next batch (reading, shuffling,
 * normalization, one-hot labels) is done while the consumer waits for the GPU. Tensors are made only
 * when they are handed out, so that a loop that ends early leaves none behind. For another order in
 * every epoch give `fold(key, epoch)`. Of a source at most two batches are in memory.
 *
 * @param examples examples in memory, or a source
 * @param options batch size, key, normalization, and whether the remainder is dropped
 * @returns the batches
 * @throws {RangeError} if the batch size is not a whole number from 1 to the number of examples, a
 * label has no class, or the normalization has other channels
 * @throws {TypeError} if pixels, labels and image shape do not match; for a source the loop throws
 * it, as well as whatever reading throws
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
 *   assertEquals([size, images.shape], [3, [3, 1, 1, 1]]);
 *   assertEquals(await labels.array(), [[1, 0], [0, 1], [1, 0]]);
 *   tf.dispose([images, labels]);
 * }
 * ```
 */
export function batches(examples: Examples | ImageSource, options: BatchOptions): Dataset {
  checkExamples(examples);
  const { batchSize, key, normalize = "unit", dropRemainder = false, skip = 0 } = options;
  const total = examples.labels.length;
  const action = `make batches of the ${total} examples of ${examples.name}`;
  requireWhole(action, "the batch size", batchSize, 1, total);
  const whole = dropRemainder ? Math.floor(total / batchSize) : Math.ceil(total / batchSize);
  const batchCount = Math.max(0, whole - skip);
  const table = pixelTable(normalize, examples.imageShape[2]);
  const order = key === undefined
    ? Uint32Array.from({ length: total }, (_, i): number => i)
    : permutation(key, total);
  const prepared = streamOf(batchCount, async function* () {
    for (let at = skip; at < skip + batchCount; at++) {
      yield hostBatch(examples, order.slice(at * batchSize, (at + 1) * batchSize), table);
    }
  });
  return {
    count: Math.max(0, Math.min(total, whole * batchSize) - skip * batchSize),
    batchCount,
    async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, void> {
      for await (const host of prefetch(prepared)) yield upload(host, examples);
    },
  };
}

/** A batch before it is tensors. */
type HostBatch = {
  readonly images: Float32Array;
  readonly labels: Float32Array;
  readonly classes: Uint8Array | Uint16Array;
};

/** The examples at `indices`; those of a source are read. */
function hostBatch(
  examples: Examples | ImageSource,
  indices: Uint32Array,
  table: Float32Array,
): HostBatch | Promise<HostBatch> {
  const rest = { labels: oneHot(examples, indices), classes: pick(examples.labels, indices) };
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

/** Writes the normalized pixels to `images`, starting at `to`. */
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
): Float32Array {
  const rows = new Float32Array(indices.length * classNames.length);
  indices.forEach((index, i) => rows[i * classNames.length + labels[index]!] = 1);
  return rows;
}

/** Makes a batch's tensors. */
function upload({ images, labels, classes }: HostBatch, examples: Examples | ImageSource): Batch {
  const size = classes.length;
  return {
    images: tf.tensor4d(images, [size, ...examples.imageShape]),
    labels: tf.tensor2d(labels, [size, examples.classNames.length]),
    classes,
    size,
  };
}
