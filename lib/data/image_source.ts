// Labeled images that are read when they are needed.

import { partOf } from "../tensor/batch_part.ts";
import { ALONE, type World } from "../world/world.ts";
import { type Examples, imageSize } from "./examples.ts";
import { describeValue } from "../text/value.ts";
import { requireOptions } from "../text/require.ts";

/**
 * Labeled images that are read when they are needed, such as a folder larger than memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { batches, type ImageSource, start, tf } from "@neocog/neocog";
 *
 * // Gray squares of 4 × 4 pixels, each made when a batch needs it.
 * const squares: ImageSource = {
 *   name: "gray squares",
 *   labels: new Uint8Array([0, 1, 0, 1]),
 *   classNames: ["dark", "light"],
 *   imageShape: [4, 4, 1],
 *   read: (indices) => {
 *     const pixels = new Uint8Array(indices.length * 16);
 *     indices.forEach((index, i) => pixels.fill(index % 2 ? 255 : 0, 16 * i, 16 * i + 16));
 *     return Promise.resolve(pixels);
 *   },
 * };
 * await start({ backend: "cpu" });
 * const means: number[] = [];
 * for await (const { images, labels } of batches(squares, { batchSize: 2 })) {
 *   means.push(...await images.mean([1, 2, 3]).data());
 *   tf.dispose([images, labels]);
 * }
 * assertEquals(means, [0, 1, 0, 1]);
 * ```
 */
export type ImageSource = Omit<Examples, "images"> & {
  /**
   * Returns the pixels of the images at these indices, 0 to 255: `[B, H, W, C]`. It may be called
   * again before its last promise has settled. A `Float32Array` holds numbers that are used as they
   * are, without normalization, such as those of a {@linkcode FeatureSource}.
   */
  read(indices: Uint32Array): Promise<Uint8Array | Float32Array>;
  /**
   * What its images are: a text that differs for other images, such as a hash of the names and sizes
   * of files. A run is not resumed on a source with another text. Default: only labels are compared.
   */
  readonly contents?: string;
};

/**
 * Labeled features in the form of images, which are not normalized: what
 * {@linkcode cachedFeatures} returns.
 */
export type FeatureSource = Omit<Examples, "images"> & {
  /** Returns the features of the examples at these indices, `[B, H, W, C]`. */
  read(indices: Uint32Array): Promise<Float32Array>;
  /** As of an {@linkcode ImageSource}. */
  readonly contents?: string;
};

/** The examples a model is trained on, and those it is tested with. */
export type DataSplit<E extends Examples | ImageSource = Examples> = {
  readonly train: E;
  readonly test: E;
};

/** Whether images are read when they are needed, instead of being in memory. */
export function isSource(examples: Examples | ImageSource): examples is ImageSource {
  return !("images" in examples);
}

/** Refuses examples whose parts do not match, which would give wrong batches in silence. */
export function checkExamples(examples: Examples | ImageSource): void {
  const { name, labels, imageShape, classNames } = examples;
  const isShape = imageShape?.length === 3 &&
    imageShape.every((length): boolean => Number.isInteger(length) && length >= 1);
  if (!isShape) {
    throw new TypeError(
      `Cannot use the examples ${name}: their image shape must be [height, width, channels] ` +
        `in whole numbers of at least 1, got [${imageShape}]`,
    );
  }
  requireChannelsLast(name, imageShape);
  if (!Array.isArray(classNames)) {
    throw new TypeError(
      `Cannot use the examples ${name}: classNames must be a list with the name of each class, got ${
        describeValue(classNames)
      }`,
    );
  }
  if (!ArrayBuffer.isView(labels)) throw wrongLabels(name, labels);
  const size = imageSize(examples);
  if (!isSource(examples) && !(examples.images instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot use the examples ${name}: their images must be bytes in a Uint8Array, got ${
        (examples.images as object | undefined)?.constructor?.name ?? examples.images
      }. Other numbers are columns: { name, inputs: { values, shape, normalize }, targets: { values: labels, shape: [], classes } }`,
    );
  }
  const pixels = isSource(examples) ? labels.length * size : examples.images.length;
  if (labels.length === 0 || pixels !== labels.length * size) {
    throw new TypeError(
      `Cannot use the examples ${name}: there must be a label for each image of shape ` +
        `[${imageShape}], and at least one, got ${pixels} pixel values and ` +
        `${labels.length} labels`,
    );
  }
  const wrong = Array.prototype.findIndex.call(
    labels,
    (label) => !(label >= 0 && label < classNames.length && Number.isInteger(label)),
  );
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot use the examples ${name}: a label must be a whole number below the ${classNames.length} ` +
        `classes, got ${labels[wrong]} at index ${wrong}`,
    );
  }
  const isNarrow = labels instanceof Uint8Array || labels instanceof Uint16Array;
  if (!isNarrow) throw wrongLabels(name, labels); // They would be cut to eight bits.
}

function wrongLabels(name: string, labels: unknown): TypeError {
  return new TypeError(
    `Cannot use the examples ${name}: labels must be the indices of classes in a Uint8Array or Uint16Array, got ${
      describeValue(labels)
    }. Of names: Uint8Array.from(names, (name) => classNames.indexOf(name))`,
  );
}

/**
 * Refuses what can only be images with their channels first: their pixels would be taken for others,
 * and a network would learn from them all the same.
 */
function requireChannelsLast(name: string, [first, rows, last]: Examples["imageShape"]): void {
  if (![1, 3, 4].includes(first) || rows !== last || last <= 4) return;
  throw new TypeError(
    `Cannot use the examples ${name}: images must have their channels last, [height, width, channels], got [${first},${rows},${last}]. Turn them by tf.transpose, or make columns, { name, inputs: { values, shape }, targets }, of what is no image`,
  );
}

/**
 * Reads all images of a source into memory.
 *
 * @param source the images to read; examples in memory are returned as they are
 * @param options the ranks that read a part each and exchange the pixels; default: this process alone
 * @returns the same images and labels in memory
 * @throws {TypeError} if the source reads another number of pixels than its shape says, or features
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readExamples } from "@neocog/neocog";
 *
 * const { images } = await readExamples({
 *   name: "two pixels",
 *   read: (indices) => Promise.resolve(Uint8Array.from(indices, (i) => 10 * i)),
 *   labels: new Uint8Array([0, 0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["pixel"],
 * });
 * assertEquals([...images], [0, 10]);
 * ```
 */
export async function readExamples(
  source: Examples | ImageSource,
  options: { readonly world?: World } = {},
): Promise<Examples> {
  requireOptions("read examples", options, { world: true });
  const { world = ALONE } = options;
  if (!isSource(source)) return source;
  const { name, labels, imageShape, classNames } = source;
  const { first, count } = partOf(world, labels.length);
  const own = Uint32Array.from({ length: count }, (_, i) => first + i);
  const parts = await world.during("read images", async () => {
    const pixels = count === 0 ? new Uint8Array(0) : await readImages(source, own);
    return world.size === 1 ? [pixels] : await world.allGather(pixels.slice());
  }, A_DAY);
  const [only] = parts;
  const images = parts.length === 1
    ? only!
    : new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return { name, images, labels, imageShape, classNames };
}

/** So long, in seconds, may large folders take. */
const A_DAY = 24 * 3600;

/**
 * Reads pixels of a source.
 *
 * @throws {TypeError} if they are not as many as the image shape says, or are features
 */
export async function readImages(source: ImageSource, indices: Uint32Array): Promise<Uint8Array> {
  const pixels = await readNumbers(source, indices);
  if (pixels instanceof Uint8Array) return pixels;
  throw new TypeError(
    `Cannot use what ${source.name} reads: it must be pixels from 0 to 255, ` +
      "got a Float32Array, as of features",
  );
}

/**
 * Reads pixels or features of a source.
 *
 * @throws {TypeError} if they are not as many as the image shape says
 */
export async function readNumbers(
  source: ImageSource,
  indices: Uint32Array,
): Promise<Uint8Array | Float32Array> {
  const expected = indices.length * imageSize(source);
  const pixels = await source.read(indices);
  const isArray = pixels instanceof Uint8Array || pixels instanceof Float32Array;
  if (isArray && pixels.length === expected) return pixels;
  throw new TypeError(
    `Cannot use what ${source.name} reads: ${indices.length} images of shape ` +
      `[${source.imageShape}] must have ${expected} bytes, got ${
        (pixels as { length?: number } | undefined)?.length ?? String(pixels)
      }`,
  );
}
