// Some of the examples: the first, a sample, or a random part for validation.

import {
  type ArrayExamples,
  type Column,
  type Columns,
  countExamples,
  isColumn,
  picked,
} from "./columns.ts";
import { sha256Of } from "../files/sha256.ts";
import { fold, type Key, permutation } from "../tensor/random.ts";
import { requireWhole } from "../text/require.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { type Examples, imageSize } from "./examples.ts";
import { checkExamples, type ImageSource, isSource } from "./image_source.ts";

/**
 * Takes the first examples.
 *
 * @param examples labeled images in memory or from a source, or {@linkcode ArrayExamples}
 * @param count how many, from 1 to all
 * @returns the first `count` examples, in the same memory or from the same source
 * @throws {RangeError} if `count` is not such a number
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
export function takeExamples<E extends Examples | ImageSource | ArrayExamples>(
  examples: E,
  count: number,
): E {
  requireSome(examples, count);
  if (isArrays(examples)) return partOf(examples, count, firstOf(count));
  const labels = examples.labels.subarray(0, count);
  if (isSource(examples)) return { ...examples, labels };
  return { ...examples, images: examples.images.subarray(0, count * imageSize(examples)), labels };
}

/**
 * Draws a sample in which each class has the same number of examples, as far as it has so many.
 * A larger sample with the same key contains the smaller one.
 *
 * @param examples examples in memory, or a source
 * @param count how many, from 1 to all
 * @param key the same key draws the same sample
 * @returns the sample, in the order of the examples
 * @throws {RangeError} if `count` is not such a number
 * @throws {TypeError} if the examples are arrays without labels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, sampleExamples } from "@neocog/neocog";
 *
 * const sorted = {
 *   name: "six pixels",
 *   images: new Uint8Array(6),
 *   labels: new Uint8Array([0, 0, 0, 0, 1, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * assertEquals([...sampleExamples(sorted, 4, key(0)).labels], [0, 0, 1, 1]);
 * ```
 */
export function sampleExamples<E extends Examples | ImageSource>(
  examples: E,
  count: number,
  key: Key,
): E {
  if (isArrays(examples)) {
    throw new TypeError(
      `Cannot sample ${examples.name}: there must be labels, of which each class has as many, got columns. Use takeExamples or splitValidation`,
    );
  }
  requireSome(examples, count);
  return select(examples, sampleIndices(examples.labels, count, key));
}

/** The indices, in ascending order, of the examples that {@linkcode sampleExamples} takes. */
export function sampleIndices(
  labels: Uint8Array | Uint16Array,
  count: number,
  key: Key,
): Uint32Array {
  const indices = Array.from(labels, (_, i) => i);
  const byClass = Map.groupBy(indices, (i) => labels[i]!);
  // The round in which each example is taken, one of each class a round.
  const ranked = [...byClass].sort(([a], [b]) => a - b).flatMap(([label, own]) =>
    Array.from(permutation(fold(key, label), own.length), (at, round) => ({ i: own[at]!, round }))
  );
  const drawn = ranked.sort((a, b) => a.round - b.round).slice(0, count).map(({ i }) => i);
  return Uint32Array.from(drawn).sort();
}

/**
 * Splits examples at random into a part to train on and a part to validate with.
 *
 * @param examples labeled images in memory or from a source, or {@linkcode ArrayExamples}
 * @param fraction the part to validate with, between 0 and 1; its size is rounded to a whole number
 * @param key the same key gives the same parts
 * @returns the examples to train on, and those to validate with
 * @throws {RangeError} if `fraction` leaves either part empty
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
export function splitValidation<E extends Examples | ImageSource | ArrayExamples>(
  examples: E,
  fraction: number,
  key: Key,
): [train: E, validation: E] {
  const total = totalOf(examples);
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

/**
 * Splits things by class into a part to train on and a part to test with. What is drawn of a class
 * depends on the key, its name and its count alone: another class changes nothing.
 *
 * @returns both parts, in the order of `all`
 */
export function splitByClass<T extends { readonly label: number }>(
  all: readonly T[],
  classNames: readonly string[],
  fraction: number,
  key: Key,
): { readonly train: readonly T[]; readonly test: readonly T[] } {
  const drawn = new Set<T>();
  for (const [label, own] of Map.groupBy(all, ({ label }) => label)) {
    const count = Math.min(own.length - 1, Math.max(1, Math.round(own.length * fraction)));
    const order = permutation(fold(key, classNames[label]!), own.length);
    for (const at of order.subarray(0, count)) drawn.add(own[at]!);
  }
  const isDrawn = (one: T): boolean => drawn.has(one);
  return { train: all.filter((one) => !isDrawn(one)), test: all.filter(isDrawn) };
}

/** The examples at these indices: copied, or read from the same source. */
export function select<E extends Examples | ImageSource | ArrayExamples>(
  examples: E,
  indices: Uint32Array,
): E {
  if (isArrays(examples)) {
    const { contents } = examples;
    return {
      ...partOf(examples, indices.length, chosenBy(indices)),
      ...(contents === undefined ? {} : { contents: sha256Of(contents, `${indices}`) }),
    };
  }
  const labels = pick(examples.labels, indices);
  if (isSource(examples)) {
    const read = (places: Uint32Array): ReturnType<ImageSource["read"]> =>
      examples.read(places.map((place) => indices[place]!));
    const { contents } = examples;
    return {
      ...examples,
      labels,
      read,
      ...(contents && { contents: sha256Of(contents, `${indices}`) }),
    };
  }
  const size = imageSize(examples);
  const images = new Uint8Array(indices.length * size);
  indices.forEach((index, i): void => {
    images.set(examples.images.subarray(index * size, (index + 1) * size), i * size);
  });
  return { ...examples, images, labels };
}

/** The labels at these indices, in the same kind of array. */
export function pick(
  labels: Uint8Array | Uint16Array,
  indices: Uint32Array,
): Uint8Array | Uint16Array {
  const wide = labels instanceof Uint16Array;
  const picked = wide ? new Uint16Array(indices.length) : new Uint8Array(indices.length);
  indices.forEach((index, i) => picked[i] = labels[index]!);
  return picked;
}

/** Whatever has a number of examples. */
type SomeExamples = Examples | ImageSource | ArrayExamples;

function isArrays(examples: SomeExamples): examples is ArrayExamples {
  return "inputs" in examples && "targets" in examples;
}

/** How many examples there are, once they are checked. */
function totalOf(examples: SomeExamples): number {
  if (isArrays(examples)) return countExamples(examples);
  checkExamples(examples);
  return examples.labels.length;
}

/** A part of a column's values. */
type PartOf = (values: Column["values"], size: number) => Column["values"];

/** The first examples' values, in the same memory. */
function firstOf(count: number): PartOf {
  return (values, size) => typeof values === "function" ? values : values.subarray(0, count * size);
}

/** The values of the examples at some indices. */
function chosenBy(indices: Uint32Array): PartOf {
  return (values, size) =>
    typeof values === "function"
      ? (places) => values(places.map((place) => indices[place]!))
      : picked(values, indices, size);
}

/** Examples of `count`, whose columns have a part of the values. */
function partOf<E extends ArrayExamples>(examples: E, count: number, part: PartOf): E {
  const take = (columns: Columns): Columns =>
    isColumn(columns)
      ? { ...columns, values: part(columns.values, sizeOf(columns.shape)) }
      : Object.fromEntries(Object.entries(columns).map(([name, child]) => [name, take(child)]));
  return { ...examples, inputs: take(examples.inputs), targets: take(examples.targets), count };
}

function requireSome(examples: SomeExamples, count: number): void {
  const total = totalOf(examples);
  const action = `take some of the ${total} examples of ${examples.name}`;
  requireWhole(action, "their count", count, 1, total);
}
