// The images and positions where each channel of a layer is most active, in one pass over a data set.
import type { Examples } from "../../data/examples.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { requireRange } from "../../text/require.ts";
import { layerOutput } from "../activations.ts";
import { forEachBatch, type ForEachBatchOptions } from "../for_each_batch.ts";
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
 * For each channel of a layer, the images for which it is most active, and where in its map. Only
 * these are kept: the data set may be large.
 *
 * @param count how many images per channel, from 1
 * @returns a list per channel in descending order; of equals, the image that comes first
 */
export async function peaksOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples,
  path: Path,
  count: number,
  options: ForEachBatchOptions,
): Promise<readonly (readonly Peak[])[]> {
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
