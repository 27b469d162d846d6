// Score-CAM: what a layer's maps count, by the scores of the image seen through each of them.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { oneBehind } from "../../tensor/one_behind.ts";
import { tf } from "../../tensor/tf.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { activations } from "../activations.ts";
import type { ProgressOptions } from "../for_each_batch.ts";
import { scoresOf } from "../input_gradient.ts";
import { jitIf } from "../jit_if.ts";
import type { Objective } from "../objective.ts";
import { weightedMap } from "./cam_weights.ts";

/** Against 0 / 0 of a map without contrast, as in pytorch-grad-cam. */
const LEAST = 1e-8;

/**
 * The map in the layer's own size: each map is enlarged to the image and scaled to 0 to 1, the
 * image is multiplied by it, and the softmax of the scores of these images is what the maps count.
 *
 * @param options how many such images at a time; progress, signal, jit
 * @returns the map `[N, h, w, 1]` and the scores of the images themselves `[N]`
 */
export async function scoreCam<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  objective: Objective,
  layer: Path,
  options: ProgressOptions & { readonly batchSize: number },
): Promise<{ readonly cam: Tensor; readonly scores: Tensor }> {
  const maps = activations(network, x, [layer]).get(layer)!;
  try {
    const found = await maskedScores(network, x, objective, maps, options);
    return tf.tidy(() => {
      const [count, , , channels] = maps.shape as [number, number, number, number];
      const weights = tf.softmax(tf.tensor2d(found, [count, channels]));
      const cam = weightedMap(maps, tf.reshape(weights, [count, 1, 1, channels]));
      return { cam, scores: scoresOf(network, x, objective) };
    });
  } finally {
    maps.dispose();
  }
}

/** The score of each image through each of its maps, image by image. */
async function maskedScores<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  objective: Objective,
  maps: Tensor,
  options: ProgressOptions & { readonly batchSize: number },
): Promise<Float32Array> {
  const [count, height, width, channels] = maps.shape as [number, number, number, number];
  const batch = Math.min(options.batchSize, channels);
  const scores = new Float32Array(count * channels);
  using score = jitIf((image: Tensor, maps: Tensor): Tensor => {
    const [rows, columns] = [image.shape[1]!, image.shape[2]!];
    const each = tf.transpose(maps, [3, 1, 2, 0]) as tf.Tensor4D; // [batch, h, w, 1]
    const fine = tf.image.resizeBilinear(each, [rows, columns], false, true);
    const least = tf.min(fine, [1, 2], true);
    const range = tf.sub(tf.max(fine, [1, 2], true), least);
    const masks = tf.div(tf.sub(fine, least), tf.add(range, LEAST));
    return scoresOf(network, tf.mul(image, masks), objective);
  }, options);
  await using reads = oneBehind();
  for (let done = 0; done < scores.length;) {
    options.signal?.throwIfAborted();
    const [image, channel] = [Math.floor(done / channels), done % channels];
    // The last batch begins earlier, so that all are of one size.
    const first = Math.min(channel, channels - batch);
    const found = tf.tidy(() =>
      score(
        tf.slice(x, [image], [1]),
        tf.slice(maps, [image, 0, 0, first], [1, height, width, batch]),
      )
    );
    const begin = image * channels + first;
    done = begin + batch;
    await reads.next(found, async (found) => {
      scores.set(await found.data().finally(() => found.dispose()) as Float32Array, begin);
      options.onProgress?.(begin + batch, scores.length);
      options.signal?.throwIfAborted();
    });
  }
  await reads.end();
  return scores;
}
