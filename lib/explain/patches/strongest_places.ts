// Where in a data set each channel of a layer answers most, in one pass over it.
import type { Examples } from "../../data/examples.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import { answerOf } from "../embedding/features.ts";
import { goThrough, type GoThroughOptions } from "../go_through.ts";
import type { Network } from "../../layers/layer.ts";
import { requireMaps } from "./receptive_box.ts";

/** A neuron's answer to an image: the largest of its channel there. */
export type Peak = {
  /** The image's place in its data set. */
  readonly example: number;
  /** The neuron's row in the map. */
  readonly row: number;
  /** Its column. */
  readonly column: number;
  /** What it answers. */
  readonly activation: number;
};

/**
 * For each channel of a layer, the images that it answers most to, and where in its map. Only
 * these are kept: the data set may be large.
 *
 * @param network the network
 * @param examples the images
 * @param path the layer, which answers maps
 * @param count how many images a channel, from 1
 * @param options normalization, batch size, progress
 * @returns a list a channel, the strongest first; of equals, the image that comes first
 */
export async function strongestPlaces<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples,
  path: Path,
  count: number,
  options: GoThroughOptions,
): Promise<readonly (readonly Peak[])[]> {
  const [, width, channels] = requireMaps(network.model, examples.imageShape, path);
  const strongest: Peak[][] = Array.from({ length: channels }, () => []);
  const look = (params: P, state: S, images: Tensor): Peaks =>
    tf.tidy(() => peaksOf(answerOf({ ...network, params, state }, path, images)));
  await goThrough(network, examples, look, options, async (peaks, { done, size }) => {
    const [most, where] = await Promise.all([peaks.most.data(), peaks.where.data()]);
    tf.dispose([peaks.most, peaks.where]);
    for (let i = 0; i < size * channels; i++) {
      const activation = most[i]!;
      requireFinite(path, activation);
      const list = strongest[i % channels]!;
      if (list.length === count && !(activation > list.at(-1)!.activation)) continue;
      const [row, column] = [Math.floor(where[i]! / width), where[i]! % width];
      insert(list, { example: done + Math.floor(i / channels), row, column, activation }, count);
    }
  });
  return strongest;
}

/** The largest number of each map, and its place: `[N, C]` both. */
type Peaks = { readonly most: Tensor; readonly where: Tensor };

function peaksOf(maps: Tensor): Peaks {
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

function requireFinite(path: Path, activation: number): void {
  if (Number.isFinite(activation)) return;
  throw new RangeError(
    `Cannot rank the answers of "${path}": they must be finite numbers, got ${activation}`,
  );
}
