// Labeled images in host memory, and what is taken from them.

import { type Key, permutation } from "../tensor/random.ts";
import { type ImageSource, isSource } from "./image_source.ts";

/** Labeled images in host memory. */
export type Examples = {
  /** What messages call them, such as `mnist/train`. */
  readonly name: string;
  /** The pixels, 0 to 255, image after image: `[N, H, W, C]`. */
  readonly images: Uint8Array;
  /** The class of each image, a place in {@linkcode classNames}: `[N]`. */
  readonly labels: Uint8Array | Uint16Array;
  /** Height, width and channels of each image. */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  /** The name of each class. */
  readonly classNames: readonly string[];
};

/** The examples a model is trained on, and those it is judged by. */
export type DataSplit<E extends Examples | ImageSource = Examples> = {
  readonly train: E;
  readonly test: E;
};

/**
 * The first examples.
 *
 * @param examples what to take from, in memory or read when wanted
 * @param count how many, 1 to all of them
 * @returns the first `count` examples, in the same memory or from the same source
 * @throws {RangeError} where `count` is not such a number
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { takeExamples } from "@neocog/neocog";
 *
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([10, 20]),
 *   labels: new Uint8Array([1, 0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * assertEquals([...takeExamples(examples, 1).labels], [1]);
 * ```
 */
export function takeExamples<E extends Examples | ImageSource>(examples: E, count: number): E {
  checkExamples(examples);
  const total = examples.labels.length;
  if (!Number.isInteger(count) || count < 1 || count > total) {
    throw new RangeError(
      `Cannot take examples of ${examples.name}: their count must be a whole number from 1 ` +
        `to ${total}, which is all of them, got ${count}`,
    );
  }
  const labels = examples.labels.subarray(0, count);
  // The places of a source's first images stay what they were.
  if (isSource(examples)) return { ...examples, labels };
  return { ...examples, images: examples.images.subarray(0, count * imageSize(examples)), labels };
}

/**
 * Parts examples at random into those to train on and those to validate with.
 *
 * @param examples what to part, in memory or read when wanted
 * @param fraction the part to validate with, between 0 and 1; its size is rounded to a whole number
 * @param key the randomness: the same key, the same parts
 * @returns the examples to train on, and those to validate with, which together are all
 * @throws {RangeError} where `fraction` leaves either part empty
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, splitValidation } from "@neocog/neocog";
 *
 * const examples = {
 *   name: "four pixels",
 *   images: new Uint8Array([10, 20, 30, 40]),
 *   labels: new Uint8Array([0, 0, 1, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const [train, validation] = splitValidation(examples, 0.25, key(0));
 * assertEquals([train.labels.length, validation.labels.length], [3, 1]);
 * ```
 */
export function splitValidation<E extends Examples | ImageSource>(
  examples: E,
  fraction: number,
  key: Key,
): [train: E, validation: E] {
  checkExamples(examples);
  const total = examples.labels.length;
  const held = Math.round(total * fraction);
  // Negated, so that NaN is refused too.
  if (!(held >= 1 && held < total)) {
    throw new RangeError(
      `Cannot split ${examples.name}: the validation fraction must be between 0 and 1 and ` +
        `leave neither part of its ${total} examples empty, got ${fraction}`,
    );
  }
  const order = permutation(key, total);
  const validation = select(examples, order.subarray(0, held));
  return [
    select(examples, order.subarray(held)),
    { ...validation, name: `${examples.name}/validation` },
  ];
}

/** The examples at `indices`: copied, or read from the same source. */
export function select<E extends Examples | ImageSource>(examples: E, indices: Uint32Array): E {
  const labels = pick(examples.labels, indices);
  if (isSource(examples)) {
    const read = (places: Uint32Array): ReturnType<ImageSource["read"]> =>
      examples.read(places.map((place) => indices[place]!));
    return { ...examples, labels, read };
  }
  const size = imageSize(examples);
  const images = new Uint8Array(indices.length * size);
  indices.forEach((index, i): void => {
    images.set(examples.images.subarray(index * size, (index + 1) * size), i * size);
  });
  return { ...examples, images, labels };
}

/** The labels at `indices`, in numbers as wide as they are. */
export function pick(
  labels: Uint8Array | Uint16Array,
  indices: Uint32Array,
): Uint8Array | Uint16Array {
  const wide = labels instanceof Uint16Array;
  const picked = wide ? new Uint16Array(indices.length) : new Uint8Array(indices.length);
  indices.forEach((index, i) => picked[i] = labels[index]!);
  return picked;
}

/** How many values one image has. */
export function imageSize({ imageShape }: Pick<Examples, "imageShape">): number {
  const [height, width, channels] = imageShape;
  return height * width * channels;
}

/** Refuses examples whose parts do not fit each other, which would give wrong batches in silence. */
export function checkExamples(examples: Examples | ImageSource): void {
  const { name, labels, imageShape, classNames } = examples;
  if (!imageShape.every((length): boolean => Number.isInteger(length) && length >= 1)) {
    throw new TypeError(
      `Cannot use the examples ${name}: their image shape must be [height, width, channels] ` +
        `in whole numbers of at least 1, got [${imageShape}]`,
    );
  }
  const size = imageSize(examples);
  const pixels = isSource(examples) ? labels.length * size : examples.images.length;
  if (labels.length === 0 || pixels !== labels.length * size) {
    throw new TypeError(
      `Cannot use the examples ${name}: there must be a label for each image of shape ` +
        `[${imageShape}], and at least one, got ${pixels} pixel values and ` +
        `${labels.length} labels`,
    );
  }
  const wrong = Array.prototype.findIndex.call(labels, (label) => label >= classNames.length);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot use the examples ${name}: a label must be below the ${classNames.length} ` +
        `classes, got ${labels[wrong]} at place ${wrong}`,
    );
  }
}
