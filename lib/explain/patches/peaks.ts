// The images and positions where each channel of a layer is most active, in one pass over a data set.
import type { Examples } from "../../data/examples.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { requireOptions, requireRange } from "../../text/require.ts";
import { layerOutput } from "../activations.ts";
import {
  FOR_EACH_BATCH_OPTIONS,
  forEachBatch,
  type ForEachBatchOptions,
} from "../for_each_batch.ts";
import { requireMaps } from "./receptive_boxes.ts";

/** The most active neuron of a channel for an image. */
export type Peak = {
  /** The image's index in its data set. */
  readonly example: number;
  /** The neuron's row in the map. */
  readonly row: number;
  /** Its column. */
  readonly column: number;
  /** Its output. */
  readonly activation: number;
};

/**
 * For each map of a layer, the images of a data set for which it is most active, and where. With it
 * {@linkcode topPatches} shows unit after unit without another pass over the data set. Only these are
 * kept: the data set may be large.
 *
 * @param network the network
 * @param examples the images
 * @param path the layer, which outputs maps
 * @param count how many images per map, from 1
 * @param options normalization, batch size, progress
 * @returns a list per map in descending order; of equals, the image that comes first
 * @throws {RangeError} if the path is not in the model, with the nearest one, or an output is not
 * finite
 * @throws {TypeError} if the layer does not output maps
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chapterMnist, init, key, start } from "@neocog/neocog";
 * import { layerPeaks } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(chapterMnist(), key(0), [28, 28, 1]);
 * const digits = {
 *   name: "a dark and a bright image",
 *   images: new Uint8Array(2 * 784).fill(255, 784),
 *   labels: new Uint8Array(2),
 *   imageShape: [28, 28, 1],
 *   classNames: ["image"],
 * } as const;
 * const peaks = await layerPeaks(network, digits, "relu1", 1);
 * assertEquals(peaks.length, 32);
 * ```
 */
export async function layerPeaks<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples,
  path: Path,
  count: number,
  options: ForEachBatchOptions = {},
): Promise<readonly (readonly Peak[])[]> {
  requireOptions("find peaks", options, FOR_EACH_BATCH_OPTIONS);
  const [, width, channels] = requireMaps(network.model, examples.imageShape, path);
  const peaks: Peak[][] = Array.from({ length: channels }, () => []);
  const compute = (params: P, state: S, images: Tensor): Maxima =>
    tf.tidy(() => maximaOf(layerOutput({ ...network, params, state }, images, path)));
  await forEachBatch(network, examples, compute, options, async (maxima, { done, size }) => {
    const [most, where] = await Promise.all([maxima.most.data(), maxima.where.data()]);
    tf.dispose([maxima.most, maxima.where]);
    for (let i = 0; i < size * channels; i++) {
      const activation = most[i]!;
      const isFinite = Number.isFinite(activation);
      requireRange(`rank the outputs of "${path}"`, "they must be finite", isFinite, activation);
      const list = peaks[i % channels]!;
      if (list.length === count && !(activation > list.at(-1)!.activation)) continue;
      const [row, column] = [Math.floor(where[i]! / width), where[i]! % width];
      insert(list, { example: done + Math.floor(i / channels), row, column, activation }, count);
    }
  });
  return peaks;
}

/** The maximum of each map, and its position: `[N, C]` both. */
type Maxima = { readonly most: Tensor; readonly where: Tensor };

function maximaOf(maps: Tensor): Maxima {
  const [count, height, width, channels] = maps.shape as [number, number, number, number];
  const places = tf.reshape(maps, [count, height * width, channels]);
  return { most: tf.max(places, 1), where: tf.argMax(places, 1) };
}

function insert(list: Peak[], peak: Peak, count: number): void {
  let place = list.length;
  while (place > 0 && list[place - 1]!.activation < peak.activation) place--;
  list.splice(place, 0, peak);
  if (list.length > count) list.pop();
}
