// Labelled images in host memory, and what is taken from them.

import { type Key, permutation } from "../tensor/random.ts";

/** Labelled images in host memory. */
export type Examples = {
  /** What messages call them, such as `mnist/train`. */
  readonly name: string;
  /** The pixels, 0 to 255, image after image: `[N, H, W, C]`. */
  readonly images: Uint8Array;
  /** The class of each image, a place in {@linkcode classNames}: `[N]`. */
  readonly labels: Uint8Array;
  /** Height, width and channels of each image. */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  /** The name of each class. */
  readonly classNames: readonly string[];
};

/** The examples a model is trained on, and those it is judged by. */
export type DataSplit = { readonly train: Examples; readonly test: Examples };

/**
 * The first examples.
 *
 * @param examples what to take from
 * @param count how many, 1 to all of them
 * @returns the first `count` examples, in the same memory
 * @throws {RangeError} where `count` is not such a number
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { take } from "@neocog/neocog";
 *
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([10, 20]),
 *   labels: new Uint8Array([1, 0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * assertEquals([...take(examples, 1).labels], [1]);
 * ```
 */
export function take(examples: Examples, count: number): Examples {
  checkExamples(examples);
  const total = examples.labels.length;
  if (!Number.isInteger(count) || count < 1 || count > total) {
    throw new RangeError(
      `Cannot take examples of ${examples.name} as their count must be a whole number from 1 ` +
        `to ${total}, which is all of them: current value is ${count}`,
    );
  }
  const images = examples.images.subarray(0, count * imageSize(examples));
  return { ...examples, images, labels: examples.labels.subarray(0, count) };
}

/**
 * Parts examples at random into those to train on and those to validate with.
 *
 * @param examples what to part
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
export function splitValidation(
  examples: Examples,
  fraction: number,
  key: Key,
): [train: Examples, validation: Examples] {
  checkExamples(examples);
  const total = examples.labels.length;
  const held = Math.round(total * fraction);
  // Negated, so that NaN is refused too.
  if (!(held >= 1 && held < total)) {
    throw new RangeError(
      `Cannot split ${examples.name} as the validation fraction must be between 0 and 1 and ` +
        `leave neither part of its ${total} examples empty: current value is ${fraction}`,
    );
  }
  const order = permutation(key, total);
  const validation = select(examples, order.subarray(0, held));
  return [
    select(examples, order.subarray(held)),
    { ...validation, name: `${examples.name}/validation` },
  ];
}

/** Copies the examples at `indices`. */
function select(examples: Examples, indices: Uint32Array): Examples {
  const size = imageSize(examples);
  const images = new Uint8Array(indices.length * size);
  indices.forEach((index, i): void => {
    images.set(examples.images.subarray(index * size, (index + 1) * size), i * size);
  });
  return { ...examples, images, labels: Uint8Array.from(indices, (i) => examples.labels[i]!) };
}

/** How many values one image has. */
export function imageSize(examples: Examples): number {
  const [height, width, channels] = examples.imageShape;
  return height * width * channels;
}

/** Refuses examples whose parts do not fit each other, which would give wrong batches in silence. */
export function checkExamples(examples: Examples): void {
  const { name, images, labels, imageShape, classNames } = examples;
  if (!imageShape.every((length): boolean => Number.isInteger(length) && length >= 1)) {
    throw new TypeError(
      `Cannot use the examples ${name} as their image shape must be [height, width, channels] ` +
        `in whole numbers of at least 1: current value is [${imageShape}]`,
    );
  }
  if (labels.length === 0 || images.length !== labels.length * imageSize(examples)) {
    throw new TypeError(
      `Cannot use the examples ${name} as there must be a label for each image of shape ` +
        `[${imageShape}], and at least one: current value is ${images.length} pixel values and ` +
        `${labels.length} labels`,
    );
  }
  const wrong = labels.findIndex((label): boolean => label >= classNames.length);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot use the examples ${name} as a label must be below the ${classNames.length} ` +
        `classes: current value is ${labels[wrong]} at place ${wrong}`,
    );
  }
}
