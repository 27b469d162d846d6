// What a network takes one picture for.
import { fileError } from "../files/file_error.ts";
import { decodeRaster } from "../image/codecs/decode.ts";
import { prepareGray } from "../image/gray_input.ts";
import { checkImage, type Image, type Raster } from "../image/image.ts";
import { inputShapeOf, preprocessRaster } from "../image/preprocess.ts";
import type { Preprocessing } from "../image/preprocessing.ts";
import type { Network } from "../layers/layer.ts";
import { requireLogits } from "../layers/logits.ts";
import { oneBehind } from "../tensor/one_behind.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireClassScores, requireNetwork, requireOptions } from "../text/require.ts";
import { plainPreprocessing } from "../weights/sidecars.ts";
import { topClasses } from "./metrics.ts";
import { predict } from "./predict.ts";
import { describeValue } from "../text/value.ts";

/** Options of {@linkcode classify}. */
export type ClassifyOptions = {
  /** How many classes to return, from 1. Default: 5, or all if there are fewer. */
  readonly top?: number;
  /**
   * Whether dark and light are swapped, for networks that take gray images. `"auto"` prepares a
   * picture as MNIST's digits are, as `deno task predict` does: light on dark, so that they are
   * swapped if its edge is light; and if it has another size than the network's, what is drawn in it
   * is cut out and put in the middle, unless the names of classes are longer than a sign, such as
   * Fashion-MNIST's. Default: `false`.
   */
  readonly invert?: boolean | "auto";
};

const OPTIONS: Readonly<Record<keyof ClassifyOptions, true>> = {
  top: true,
  invert: true,
};

/** A class, and how probable it is. */
export type Classification = {
  /** The class's number, from 0. */
  readonly index: number;
  readonly name: string;
  /** 0 to 1, by softmax. */
  readonly probability: number;
};

/** A network, and what {@linkcode classify} knows of it, as {@linkcode open} returns it. */
export type Classifier<P extends Tree = Tree, S extends Tree = Tree> = Network<P, S> & {
  /** How pictures are prepared. Default: pixels from 0 to 1 of the size of `inputShape`. */
  readonly preprocessing?: Preprocessing;
  /** Shape of one input; needed if there is no preprocessing. */
  readonly inputShape?: Shape;
  /** The classes' names. Default: `class 0`, `class 1`, … */
  readonly classNames?: readonly string[];
};

/** A picture: the path or URL of a PNG or JPEG file, its bytes, pixels, or a tensor of pixels. */
export type Picture = string | URL | Uint8Array | Image | Tensor;

/**
 * The most probable classes of a picture.
 *
 * Needs `--allow-read` for a path, `--allow-net` for a URL.
 *
 * @param network a network that {@linkcode open}, {@linkcode init} or {@linkcode fit} returned
 * @param picture the path or URL of a PNG or JPEG file; its bytes; an image; or a tensor of pixels,
 * `[H, W, C]` or `[1, H, W, C]` of 1, 3 or 4 channels, from 0 to 1, or 0 to 255 in int32. It may
 * have any size: it is prepared as `network.preprocessing` says
 * @param options how many classes, and whether dark and light are swapped
 * @returns the most probable classes, the most probable first
 * @throws {TypeError} if the network does not output scores of classes, or how to prepare pictures
 * is unknown
 * @throws {RangeError} if a score is not finite, or an option out of range
 * @throws {SyntaxError} if the file is no picture that can be decoded
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the picture cannot be read or fetched
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classify, flatten, init, key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * // Its scores are the pixels themselves.
 * const network = { ...init(flatten(), key(0), [1, 2, 1]), classNames: ["left", "right"] };
 * const [first] = await classify(network, tf.tensor3d([[[0.1], [0.9]]]));
 * assertEquals([first!.index, first!.name], [1, "right"]);
 * ```
 */
export async function classify<P extends Tree, S extends Tree>(
  network: Classifier<P, S>,
  picture: Picture,
  options: ClassifyOptions = {},
): Promise<Classification[]> {
  requireOptions("classify", options, OPTIONS);
  requireNetwork("classify", network);
  const raster = await rasterOf(picture);
  const { invert = false } = options;
  const units = preprocessingFor(network);
  requireInvertible(units, invert);
  const { image, how } = prepareGray(raster, units, invert, network.classNames);
  const scored = await classifyImage({ ...network, preprocessing: how }, image, options);
  return scored.map(({ index, name, probability }) => ({ index, name, probability }));
}

/** As {@linkcode classify}, of pixels, with each class's score, which softmax makes probable. */
export async function classifyImage<P extends Tree, S extends Tree>(
  network: Classifier<P, S>,
  image: Raster,
  { top = 5 }: Pick<ClassifyOptions, "top"> = {},
): Promise<(Classification & { readonly score: number })[]> {
  const { model, params, state } = network;
  const how = preprocessingFor(network);
  const scores = await readScores(
    outputOf(image, how, (x) => model.apply(params, state, x, {})[0]),
  );
  return rankClasses(scores, network.classNames, top);
}

/** Refuses to swap dark and light of color. */
function requireInvertible(how: Preprocessing, invert: boolean | "auto"): void {
  if (invert === false || how.mean.length === 1) return;
  throw new RangeError(
    "Cannot classify: the option invert is for networks that take gray images, got one for color",
  );
}

/**
 * As {@linkcode classifyImage}, of one picture after another. The model is recorded, and the device
 * computes a picture while the next one is made: so make them when they are asked for.
 *
 * @returns what was found of each, in their order
 */
export async function* classifyImages<P extends Tree, S extends Tree>(
  network: Classifier<P, S>,
  images: AsyncIterable<Raster>,
  { top = 5 }: Pick<ClassifyOptions, "top"> = {},
): AsyncGenerator<(Classification & { readonly score: number })[]> {
  const how = preprocessingFor(network);
  const found: (Classification & { readonly score: number })[][] = [];
  await using reads = oneBehind();
  for await (const image of images) {
    const output = outputOf(image, how, (x) => predict(network, x, { probabilities: false }));
    await reads.next(output, async (output) => {
      found.push(rankClasses(await readScores(output), network.classNames, top));
    });
    yield* found.splice(0);
  }
  await reads.end();
  yield* found;
}

/**
 * The most probable classes by one picture's scores.
 *
 * @throws {TypeError} if there is not a name for each class
 */
export function rankClasses(
  scores: Float32Array,
  classNames: readonly string[] | undefined,
  top: number,
): (Classification & { readonly score: number })[] {
  if (classNames && classNames.length !== scores.length) {
    throw new TypeError(
      `Cannot classify: there must be a name for each of the ${scores.length} classes, got ${classNames.length}`,
    );
  }
  const highest = scores.reduce((a, b) => Math.max(a, b));
  const total = scores.reduce((sum, score) => sum + Math.exp(score - highest), 0);
  return topClasses(scores, top).map(({ index, score }) => ({
    index,
    name: classNames?.[index] ?? `class ${index}`,
    score,
    probability: Math.exp(score - highest) / total,
  }));
}

/**
 * How pictures are prepared for a network.
 *
 * @throws {RangeError} if the network outputs probabilities: they would be taken for logits
 */
export function preprocessingFor(
  network: Pick<Classifier, "model" | "preprocessing" | "inputShape">,
): Preprocessing {
  const how = network.preprocessing ?? plainPreprocessing(requireInputShape(network));
  requireLogits("classify", network.model, inputShapeOf(how));
  return how;
}

/** The least side of a picture, in pixels, of a network that does not take smaller ones. */
const LEAST_SIDE = 8;

/**
 * Why a picture is too small to be classified, for a message; `undefined` if it is not. Of a pixel or
 * two there is nothing to see, and what a network says of them enlarged looks as sure as any answer.
 *
 * @param image the picture as it was given
 * @param how how it is prepared
 */
export function faultOfSize(
  { width, height }: Pick<Image, "width" | "height">,
  how: Preprocessing,
): string | undefined {
  const [cropHeight, cropWidth] = inputShapeOf(how);
  const least = Math.min(LEAST_SIDE, cropHeight, cropWidth);
  if (Math.min(width, height) >= least) return undefined;
  return `its sides must have at least ${least} pixels, got ${width}×${height}`;
}

function requireInputShape({ inputShape }: Pick<Classifier, "inputShape">): Shape {
  if (inputShape?.length === 3 && [1, 3].includes(inputShape[2]!)) return inputShape;
  throw new TypeError(
    `Cannot classify: the network must say how pictures are prepared, by a preprocessing or an inputShape of [H, W, 1] or [H, W, 3], got ${
      inputShape ? `[${inputShape}]` : "neither"
    }`,
  );
}

/** What a network, `apply`, makes of a picture. */
function outputOf(image: Raster, how: Preprocessing, apply: (x: Tensor) => Tensor): Tensor {
  const pixels = preprocessRaster(image, how);
  return tf.tidy(() => apply(tf.tensor(pixels, [1, ...inputShapeOf(how)])));
}

/** One score a class, of an output that is freed. */
async function readScores(output: Tensor): Promise<Float32Array> {
  const scores = await output.data().finally(() => output.dispose()) as Float32Array;
  requireClassScores("classify", output.shape);
  requireFinite(scores);
  return scores;
}

/**
 * Refuses scores that are no numbers.
 *
 * @throws {RangeError} naming the first
 */
export function requireFinite(scores: Float32Array): void {
  const odd = scores.findIndex((score) => !Number.isFinite(score));
  if (odd < 0) return;
  throw new RangeError(
    `Cannot classify: all scores must be finite, got ${
      scores[odd]
    } for class ${odd}. Are the network's weights sound?`,
  );
}

/** A picture's pixels, as its file has them. */
async function rasterOf(picture: Picture): Promise<Raster> {
  if (picture instanceof tf.Tensor) return await imageOfTensor(picture);
  if (picture instanceof Uint8Array) return await decodeRaster(picture, "the given bytes");
  if (typeof picture === "object" && "pixels" in picture) {
    checkImage(picture);
    return picture;
  }
  if (typeof picture !== "string" && !(picture instanceof URL)) {
    throw new TypeError(
      `Cannot classify: the picture must be a path, a URL, the bytes of a PNG or JPEG file, an image { width, height, channels, pixels } or a tensor, got ${
        describeValue(picture)
      }`,
    );
  }
  const isUrl = picture instanceof URL || /^(https?|file|data):/i.test(picture);
  const bytes = await (isUrl ? fetched(`${picture}`) : read(`${picture}`));
  return await decodeRaster(bytes, `${picture}`);
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(file);
  } catch (error) {
    throw fileError(`Cannot read ${file}`, error);
  }
}

async function fetched(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (response.ok) return await response.bytes();
  await response.body?.cancel();
  throw new Error(`Cannot fetch ${url}: the server must have it, got status ${response.status}`);
}

async function imageOfTensor(tensor: Tensor): Promise<Image> {
  const shape = tensor.rank === 4 && tensor.shape[0] === 1 ? tensor.shape.slice(1) : tensor.shape;
  const [height, width, channels] = shape as [number, number, 1 | 3 | 4];
  if (shape.length !== 3 || ![1, 3, 4].includes(channels)) {
    throw new TypeError(
      `Cannot classify a tensor: it must be one picture of 1, 3 or 4 channels, [H, W, C] or [1, H, W, C], got [${tensor.shape}]`,
    );
  }
  const white = tensor.dtype === "int32" ? 255 : 1;
  const pixels = Float32Array.from(await tensor.data(), (value) => value / white);
  const odd = pixels.find((value) => !(value >= 0 && value <= 1));
  if (odd !== undefined) {
    throw new RangeError(
      `Cannot classify a tensor: its pixels must be from 0 to ${white}, got ${odd * white}`,
    );
  }
  return { height, width, channels, pixels };
}
