// The features of a layer for every image of a data set: its feature space (§12.9.2).
import { type Examples, imageSize } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import { select } from "../../data/select_examples.ts";
import type { Network } from "../../layers/layer.ts";
import { requireLayer } from "../../layers/layers_of.ts";
import { partOf } from "../../tensor/batch_part.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { download } from "../../tensor/transfer.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { ALONE, type World } from "../../world/world.ts";
import { layerOutput } from "../activations.ts";
import {
  batchSizeFor,
  FOR_EACH_BATCH_OPTIONS,
  forEachBatch,
  type ForEachBatchOptions,
} from "../for_each_batch.ts";
import { requireOptions } from "../../text/require.ts";

/** Rows of numbers, one per example. */
export type Features = {
  /** The numbers, example after example: `[count, size]`. */
  readonly values: Float32Array;
  /** How many examples. */
  readonly count: number;
  /** Numbers per example. */
  readonly size: number;
};

/** Options of {@linkcode features}. */
export type FeaturesOptions = ForEachBatchOptions & {
  /**
   * How feature maps become rows: `"mean"` takes the mean of each channel over the positions;
   * `"each"` keeps every position, row by row, channels last. Default: `"mean"`.
   */
  readonly places?: "mean" | "each";
  /** The ranks that divide the batches among them; each gets all rows. Default: this process alone. */
  readonly world?: World;
};

/** The most numbers that are kept: 4 GiB of them. */
const MOST_NUMBERS = 2 ** 30;

/**
 * The output of a layer for each image of a data set, computed in batches.
 *
 * @param network the network
 * @param examples the images, in memory or read on demand
 * @param path the layer; `""` is the model's own output
 * @param options normalization, which must be that of training; means of maps or whole maps; batch
 * size; progress, signal, jit; other ranks
 * @returns the rows `[N, D]`: D is the number of channels, or of all numbers of the output
 * @throws {RangeError} if the path is not in the model, with the nearest one, or the features are
 * more than 2³⁰ numbers
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { features } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
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
  requireOptions("compute features", options, {
    ...FOR_EACH_BATCH_OPTIONS,
    places: true,
    world: true,
  });
  const { places = "mean", world = ALONE } = options;
  const { shape } = requireLayer(network.model, examples.imageShape, path);
  const size = places === "mean" ? shape.at(-1)! : sizeOf(shape);
  const count = examples.labels.length;
  requireMemory(path, shape, count * size);
  const batchSize = batchSizeFor(examples, options.batchSize);
  // Whole batches, so that each is computed as one process would.
  const part = partOf(world, Math.ceil(count / batchSize));
  const [first, end] = [part.first, part.first + part.count].map((at) => at * batchSize);
  const own = Math.min(end!, count) - first!;
  const values = new Float32Array(own * size);
  const compute = (params: P, state: S, images: Tensor): Tensor =>
    tf.tidy(() => rowsOf(layerOutput({ ...network, params, state }, images, path), places));
  if (own > 0) {
    const some = world.size === 1
      ? examples
      : select(examples, Uint32Array.from({ length: own }, (_, i) => first! + i));
    const given = { ...options, batchSize: Math.min(batchSize, own) };
    await forEachBatch(network, some, compute, given, async (rows, { done }) => {
      values.set(await download(rows), done * size);
      rows.dispose();
    });
  }
  return { values: await valuesOfAll(world, values, count * size), count, size };
}

/** The numbers of all ranks, one after the other. */
async function valuesOfAll(
  world: World,
  own: Float32Array<ArrayBuffer>,
  count: number,
): Promise<Float32Array> {
  if (world.size === 1) return own;
  const values = new Float32Array(count);
  let at = 0;
  for (const { buffer } of await world.allGather(new Uint8Array(own.buffer))) {
    const part = new Float32Array(buffer);
    values.set(part, at);
    at += part.length;
  }
  return values;
}

function rowsOf(output: Tensor, places: "mean" | "each"): Tensor {
  const count = output.shape[0]!;
  if (places === "each" || output.rank < 3) return tf.reshape(output, [count, -1]);
  return tf.mean(output, output.shape.slice(1, -1).map((_, i) => i + 1)); // [N, C]
}

function requireMemory(path: Path, shape: Shape, numbers: number): void {
  if (numbers <= MOST_NUMBERS) return;
  throw new RangeError(
    `Cannot keep the outputs of "${path}": there must be at most ${MOST_NUMBERS} numbers, got ${numbers}, [${shape}] per image; means over positions are fewer`,
  );
}

/**
 * The pixels of each image, from 0 to 1: the pixel space of a data set.
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
