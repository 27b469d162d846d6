// What a layer makes of every image of a data set: its feature space (§12.9.2).
import { type Examples, imageSize } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { download } from "../../tensor/transfer.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import { tap } from "../activations.ts";
import { goThrough, type GoThroughOptions } from "../go_through.ts";
import type { Network } from "../../layers/layer.ts";
import { requireLayer } from "../../layers/layers_of.ts";

/** Rows of numbers, one an example. */
export type Features = {
  /** The numbers, example after example: `[count, size]`. */
  readonly values: Float32Array;
  /** How many examples. */
  readonly count: number;
  /** Numbers of each. */
  readonly size: number;
};

/** Options of {@linkcode features}. */
export type FeaturesOptions = GoThroughOptions & {
  /**
   * What becomes of feature maps: `"mean"` is a number a channel, its mean over the places;
   * `"each"` keeps every place, row by row, its channels together. Default: `"mean"`.
   */
  readonly places?: "mean" | "each";
};

/** The most numbers that are kept: 4 GiB of them. */
const MOST_NUMBERS = 2 ** 30;

/**
 * What a layer answers to each image of a data set, in batches.
 *
 * @param network the network, which takes the examples' images
 * @param examples the images, in memory or read when wanted
 * @param path the layer; `""` is the model's own output
 * @param options normalization, which must be the network's; maps as means or whole; batch size
 * @returns the answers, `[N, D]`: D is the layer's channels, or all numbers of its output
 * @throws {RangeError} where the path is not in the model, with the nearest one; where the answers
 * would be more than 2³⁰ numbers
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { features } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const network = init(model, key(0), [28, 28, 1]);
 * const digits = {
 *   name: "two black images",
 *   images: new Uint8Array(2 * 784),
 *   labels: new Uint8Array(2),
 *   imageShape: [28, 28, 1],
 *   classNames: ["black"],
 * } as const;
 * const { count, size } = await features(network, digits, "dense2");
 * assertEquals([count, size], [2, 84]);
 * ```
 */
export async function features<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples | ImageSource,
  path: Path,
  options: FeaturesOptions = {},
): Promise<Features> {
  const { places = "mean" } = options;
  const { shape } = requireLayer(network.model, examples.imageShape, path);
  const size = places === "mean" ? shape.at(-1)! : sizeOf(shape);
  const count = examples.labels.length;
  requireRoom(path, shape, count * size);
  const values = new Float32Array(count * size);
  const look = (params: P, state: S, images: Tensor): Tensor =>
    tf.tidy(() => rowsOf(answerOf({ ...network, params, state }, path, images), places));
  await goThrough(network, examples, look, options, async (rows, { done }) => {
    values.set(await download(rows), done * size);
    rows.dispose();
  });
  return { values, count, size };
}

/**
 * What one layer answers.
 *
 * @param network the network
 * @param path the layer; `""` is the model itself
 * @param x inputs `[N, …]`
 */
export function answerOf<P extends Tree, S extends Tree>(
  { model, params, state }: Network<P, S>,
  path: Path,
  x: Tensor,
): Tensor {
  // Where nobody looks between layers, neighbors are one pass.
  if (path === "") return model.apply(params, state, x, {})[0];
  const outputs = new Map<Path, Tensor>();
  model.apply(params, state, x, { intercept: tap([path], outputs) });
  return outputs.get(path)!;
}

function rowsOf(answer: Tensor, places: "mean" | "each"): Tensor {
  const count = answer.shape[0]!;
  if (places === "each" || answer.rank < 3) return tf.reshape(answer, [count, -1]);
  return tf.mean(answer, answer.shape.slice(1, -1).map((_, i) => i + 1)); // [N, C]
}

function requireRoom(path: Path, shape: Shape, numbers: number): void {
  if (numbers <= MOST_NUMBERS) return;
  throw new RangeError(
    `Cannot keep what "${path}" answers: there must be at most ${MOST_NUMBERS} numbers, got ${numbers}, [${shape}] an image. Means over places are fewer`,
  );
}

/**
 * The pixels of each image, from 0 to 1: a data set's pixel space.
 *
 * @param examples the images
 * @returns the pixels, `[N, H · W · C]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pixelFeatures } from "@neocog/neocog/explain";
 *
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["pixel"],
 * } as const;
 * assertEquals([...pixelFeatures(examples).values], [0, 1]);
 * ```
 */
export function pixelFeatures(examples: Examples): Features {
  const { images, labels } = examples;
  const values = Float32Array.from(images, (byte) => byte / 255);
  return { values, count: labels.length, size: imageSize(examples) };
}
