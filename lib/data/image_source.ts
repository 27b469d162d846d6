// Labeled images that are read when they are wanted.

import type { Examples } from "./examples.ts";

/** Labeled images that are read when they are wanted: a folder that is larger than memory. */
export type ImageSource = Omit<Examples, "images"> & {
  /**
   * The pixels of the images at these places, 0 to 255: `[B, H, W, C]`. It may be called again
   * before its last answer has come. A `Float32Array` holds numbers that are taken as they are,
   * without normalization, as those of a {@linkcode FeatureSource}.
   */
  read(indices: Uint32Array): Promise<Uint8Array | Float32Array>;
};

/** Whether images are read when they are wanted, and not in memory. */
export function isSource(examples: Examples | ImageSource): examples is ImageSource {
  return !("images" in examples);
}

/**
 * Reads all images of a source into memory, for what needs them there.
 *
 * @param source the images to read; examples, which are in memory, are answered as they are
 * @returns the same images and labels in memory
 * @throws {TypeError} where the source answers another number of pixels than its shape says, or
 * numbers that are no pixels
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
export async function readExamples(source: Examples | ImageSource): Promise<Examples> {
  if (!isSource(source)) return source;
  const { name, labels, imageShape, classNames } = source;
  const images = await readImages(source, Uint32Array.from(labels, (_, i) => i));
  return { name, images, labels, imageShape, classNames };
}

/**
 * The pixels that a source answers.
 *
 * @throws {TypeError} where they are not as many as the images' shape says, or numbers of another kind
 */
export async function readImages(source: ImageSource, indices: Uint32Array): Promise<Uint8Array> {
  const pixels = await readNumbers(source, indices);
  if (pixels instanceof Uint8Array) return pixels;
  throw new TypeError(
    `Cannot use what ${source.name} reads: images: they must be pixels from 0 to 255, got a Float32Array, as of features`,
  );
}

/**
 * What a source answers: pixels, or numbers that are taken as they are.
 *
 * @throws {TypeError} where they are not as many as the images' shape says
 */
export async function readNumbers(
  source: ImageSource,
  indices: Uint32Array,
): Promise<Uint8Array | Float32Array> {
  const [height, width, channels] = source.imageShape;
  const expected = indices.length * height * width * channels;
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
