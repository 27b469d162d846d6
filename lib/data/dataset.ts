// Examples as batches of tensors, for a training loop.

import type { Key } from "../tensor/random.ts";
import type { Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import { type ArrayExamples, type Column, columnBatches, type SourceColumn } from "./columns.ts";
import type { Examples } from "./examples.ts";
import { checkExamples, type ImageSource, isSource, readNumbers } from "./image_source.ts";
import { type Normalization, pixelTable } from "./normalization.ts";
import { pick } from "./select_examples.ts";
import { requireOptions } from "../text/require.ts";

const OPTIONS: Readonly<Record<keyof BatchOptions, true>> = {
  batchSize: true,
  key: true,
  normalize: true,
  dropRemainder: true,
  skip: true,
};

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
 * import { batches, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
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
  requireOptions("make batches", options, OPTIONS);
  const { normalize, ...rest } = options;
  const columns = columnBatches(labeledColumns(examples, normalize), rest);
  return {
    count: columns.count,
    batchCount: columns.batchCount,
    async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, void> {
      for await (const { inputs, targets, indices } of columns) {
        const classes = pick(examples.labels, indices);
        const [images, labels] = [inputs as Tensor4D, targets as Tensor2D];
        yield { images, labels, classes, size: indices.length };
      }
    },
  };
}

/**
 * Labeled images as columns: the images, and their labels as classes.
 *
 * @param normalize how pixels become numbers. Default: `"unit"`; features stay as they are
 * @throws {TypeError | RangeError} if pixels, labels and image shape do not match, or the
 * normalization has other channels
 */
export function labeledColumns(
  examples: Examples | ImageSource,
  normalize?: Normalization,
): ArrayExamples & { readonly targets: Column } {
  checkExamples(examples);
  const { name, labels, imageShape: shape, classNames } = examples;
  pixelTable(normalize ?? "unit", shape[2]); // Refuses moments that are not one a channel.
  const inputs: SourceColumn = {
    values: isSource(examples) ? (indices) => readNumbers(examples, indices) : examples.images,
    shape,
    normalize: normalize ?? "unit",
    ...(isSource(examples) && !normalize ? { floats: "as they are" } : {}),
  };
  return { name, inputs, targets: { values: labels, shape: [], classes: classNames.length } };
}
