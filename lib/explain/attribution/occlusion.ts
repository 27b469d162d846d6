// Occlusion: what the answer loses where a part of the image is covered.
import type { Pair } from "../../layers/window.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import {
  type Attribution,
  attributionOf,
  type LongOptions,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import { type Baseline, baselineOf, requireBaseline } from "./baseline.ts";
import { inSteps, scoresOf } from "./gradients.ts";
import type { Network } from "../../layers/layer.ts";
import type { Objective } from "../objective.ts";
import { inside, meanLoss, type Place, placesIn, requireWhole } from "./occlusion_places.ts";

/** Options of {@linkcode occlusion}. */
export type OcclusionOptions = LongOptions & {
  /** Height and width of what is covered, in pixels. Default: {@linkcode occlusionWindow}'s. */
  readonly window?: Pair;
  /** From one window to the next, in pixels. Default: half a window, rounded up. */
  readonly stride?: Pair;
  /** What covers, in the network's units. Default: 0. */
  readonly baseline?: Baseline;
  /** How many covered images at a time, from 1. Default: 8. */
  readonly batchSize?: number;
};

/**
 * What the answer loses where a window slides over the image: of each pixel the mean of
 * S(x) − S(x with the window covered) over the windows that cover it (Zeiler and Fergus,
 * "Visualizing and Understanding Convolutional Networks", 2013, §4.2). The last window of a row
 * or column ends at the image's edge.
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`, in its own units
 * @param target a class's index, for the class's logit, or an objective
 * @param options window, stride, baseline, batch size; progress, signal, jit
 * @returns one number a pixel, above 0 where the pixel speaks for the target, `[N, H, W, 1]`
 * @throws {RangeError} where the window does not fit into the image or the stride into the
 * window, another option is not in its range, or the target does not fit the model
 * @throws {TypeError} where `x` or the baseline is not what the network was made for
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, flatten, sequential, start, tf } from "@neocog/neocog";
 * import { occlusion } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 1, bias: false }) });
 * const params = { flatten: {}, logits: { kernel: tf.tensor2d([[3], [-1]]) } };
 * const network = { model, params, state: { flatten: {}, logits: {} } };
 * const x = tf.tensor4d([2, 5], [1, 1, 2, 1]);
 * assertEquals([...(await occlusion(network, x, 0, { window: 1 })).values], [6, -5]);
 * ```
 */
export async function occlusion<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: OcclusionOptions = {},
): Promise<Attribution> {
  const objective = requireExplainable(network, x, target);
  const { baseline = 0, batchSize = 8 } = options;
  requireBaseline(baseline, x);
  requireWhole("batch size", batchSize);
  const [count, height, width] = x.shape as [number, number, number];
  const places = placesIn(height, width, options.window, options.stride);
  const cover = baselineOf(baseline, x);
  const own = tf.tidy(() => scoresOf(network, objective, x));
  try {
    const scores = await own.data();
    const covered = await coveredScores(network, objective, x, cover, places, options);
    const maps = Array.from(
      { length: count },
      (_, i) =>
        meanLoss(
          height,
          width,
          places,
          (place) => scores[i]! - covered[i * places.length + place]!,
        ),
    );
    const values = tf.tensor(concatenated(maps), [count, height, width, 1]);
    return await attributionOf("occlusion", objective, values, own);
  } finally {
    tf.dispose([cover, own]);
  }
}

/** What each image's copies are worth, image by image in the order of the places. */
async function coveredScores<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  cover: Tensor,
  places: readonly Place[],
  options: OcclusionOptions,
): Promise<Float32Array> {
  const [count, height, width] = x.shape as [number, number, number];
  const batch = Math.min(options.batchSize ?? 8, places.length);
  const scores = new Float32Array(count * places.length);
  const score = (image: Tensor, cover: Tensor, rows: Tensor, columns: Tensor): Tensor =>
    tf.tidy(() => {
      const covering = tf.mul(tf.sub(cover, image), tf.mul(rows, columns)); // [batch, H, W, C]
      return scoresOf(network, objective, tf.add(image, covering));
    });
  await inSteps(score, options, async (step) => {
    for (let done = 0; done < scores.length;) {
      options.signal?.throwIfAborted();
      const [image, place] = [Math.floor(done / places.length), done % places.length];
      const now = places.slice(place, place + batch);
      const given = tf.tidy(() => [
        tf.slice(x, [image], [1]),
        tf.slice(cover, [image], [1]),
        tf.tensor(inside(now.map(({ rows }) => rows), batch, height), [batch, height, 1, 1]),
        tf.tensor(inside(now.map(({ columns }) => columns), batch, width), [batch, 1, width, 1]),
      ]) as [Tensor, Tensor, Tensor, Tensor];
      const found = step(...given);
      scores.set((await found.data()).subarray(0, now.length), done);
      tf.dispose([...given, found]);
      done += now.length;
      options.onProgress?.(done, scores.length);
    }
  });
  return scores;
}

function concatenated(maps: readonly Float64Array[]): Float32Array {
  return Float32Array.from(maps.flatMap((map) => [...map]));
}
