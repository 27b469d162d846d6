// Objectives beyond the basic ones: to be like another image, in content or style, and unlike each other.
import type { Objective } from "../explain/objective.ts";
import { requireLayer } from "../layers/layers_of.ts";
import type { Layer } from "../layers/layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";

/** A layer's maps as rows of channels, `[N, places, C]`; of a dense layer, `[N, 1, features]`. */
function placesOf(output: Tensor): Tensor {
  const [count, channels] = [output.shape[0]!, output.shape.at(-1)!];
  return tf.reshape(output, [count, output.size / count / channels, channels]);
}

/** Sums of products of each two channels over the places, as a mean: `[N, C, C]`. */
function gramsOf(output: Tensor): Tensor {
  const places = placesOf(output);
  return tf.div(tf.matMul(places, places, true, false), places.shape[1]!);
}

/** Refuses a layer whose outputs are not like what was taken of another image. */
function requireOutput<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path: Path,
  isLike: (output: Shape) => boolean,
  wanted: Shape,
): void {
  const { shape: output } = requireLayer(model, shape, path);
  if (isLike(output)) return;
  throw new TypeError(
    `Cannot compare with another image: "${path}" must answer as it does there, [${wanted}], got [${output}]`,
  );
}

/**
 * The Gram matrix of a layer's outputs: which channels answer together, wherever it is.
 * Gatys, Ecker and Bethge, "A neural algorithm of artistic style", 2015.
 *
 * @param output a layer's output, `[N, H, W, C]` or `[N, C]`
 * @returns sums of products of channels over the places, divided by their number, `[N, C, C]`; the caller owns it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gramMatrix } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const maps = tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]);
 * assertEquals(await gramMatrix(maps).array(), [[[5, 7], [7, 10]]]);
 * ```
 */
export function gramMatrix(output: Tensor): Tensor {
  return tf.tidy(() => gramsOf(output));
}

/**
 * To be in the style of another image: −‖G − G₀‖² / ‖G₀‖² of the layer's Gram matrices. Its
 * places need not be as many. Styles of several layers add by `weighted`.
 *
 * @param path the layer
 * @param gram the other image's Gram matrix, `[1, C, C]`; it stays the caller's, and must live as long as the objective
 * @returns the objective
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gramMatrix, style } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const maps = tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]);
 * const same = style("conv1", gramMatrix(maps));
 * assertEquals(await same.score(() => tf.reverse(maps, 2), maps).array(), 0);
 * ```
 */
export function style(path: Path, gram: Tensor): Objective {
  return {
    name: `style of ${path}`,
    paths: [path],
    score: (output) => nearness(gramsOf(output(path)), gram),
    check(model, shape) {
      const isLike = (output: Shape): boolean => output.at(-1) === gram.shape.at(-1);
      requireOutput(model, shape, path, isLike, gram.shape.slice(-1));
    },
  };
}

/** −‖x − target‖² / ‖target‖², summed over the batch; the target's first axis is 1 or the batch. */
function nearness(x: Tensor, target: Tensor): tf.Scalar {
  const distance = tf.sum(tf.square(tf.sub(x, target)));
  const size = tf.maximum(
    tf.mean(tf.sum(tf.reshape(tf.square(target), [target.shape[0]!, -1]), 1)),
    1e-12,
  );
  return tf.sub(0, tf.div(distance, size)).asScalar();
}

/**
 * To be what a layer answers to another image: −‖Φ(x) − Φ₀‖² / ‖Φ₀‖², which feature inversion
 * (§12.9.4) climbs. The chapter leaves the division out; Mahendran and Vedaldi have it, so that
 * one weight of a regularizer suits all layers.
 *
 * @param path the layer
 * @param features Φ₀, `[1, …]`; it stays the caller's, and must live as long as the objective
 * @returns the objective, 0 where it is reached, −1 for an answer of zeros
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { likeness } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const wanted = likeness("conv1", tf.tensor2d([[3, 4]]));
 * assertEquals(await wanted.score(() => tf.tensor2d([[3, 9]]), tf.zeros([1])).array(), -1);
 * ```
 */
export function likeness(path: Path, features: Tensor): Objective {
  return {
    name: `likeness in ${path === "" ? "the output" : path}`,
    paths: [path],
    score: (output) => nearness(output(path), features),
    check(model, shape) {
      const wanted = features.shape.slice(1);
      requireOutput(model, shape, path, (output) => `${output}` === `${wanted}`, wanted);
    },
  };
}

/**
 * DeepDream's objective with a guide: Σ over places of the largest product z · g with the guide's
 * features at any place. Each place grows towards what it is most like in the guide, as in
 * Mordvintsev, Olah and Tyka, "DeepDream", 2015.
 *
 * @param path the layer
 * @param features the guide's, `[1, H, W, C]` of any height and width; they stay the caller's, and must live as long as the objective
 * @returns the objective
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { guidedBy } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const guide = tf.tensor4d([1, 0, 0, 2], [1, 1, 2, 2]);
 * const maps = tf.tensor4d([3, 1, 1, 1], [1, 2, 1, 2]);
 * assertEquals(await guidedBy("conv1", guide).score(() => maps, maps).array(), 5);
 * ```
 */
export function guidedBy(path: Path, features: Tensor): Objective {
  const channels = features.shape.at(-1)!;
  return {
    name: `${path}, guided`,
    paths: [path],
    score(output) {
      const maps = output(path);
      const own = tf.reshape(maps, [maps.size / channels, channels]);
      const guide = tf.reshape(features, [features.size / channels, channels]);
      const products = tf.matMul(own as tf.Tensor2D, guide as tf.Tensor2D, false, true);
      return tf.sum(tf.max(products, 1)).asScalar();
    },
    check(model, shape) {
      const isLike = (output: Shape): boolean => output.at(-1) === channels;
      requireOutput(model, shape, path, isLike, [channels]);
    },
  };
}

/**
 * That the images of a batch differ: −the mean, over each two of them, of the cosine between their
 * Gram matrices, times the number of images. As a part of a sum, beside what all of them climb, it
 * shows the different things that excite one unit. Olah, Mordvintsev and Schubert, "Feature
 * visualization", 2017.
 *
 * @param path the layer
 * @returns the objective, from −1 to 0 an image; of a single image, 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { diversity } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const apart = tf.tensor4d([1, 0, 0, 1], [2, 1, 1, 2]);
 * assertEquals(await diversity("conv1").score(() => apart, apart).array(), 0);
 * const alike = tf.tensor4d([1, 0, 2, 0], [2, 1, 1, 2]);
 * assertEquals(await diversity("conv1").score(() => alike, alike).array(), -2);
 * ```
 */
export function diversity(path: Path): Objective {
  return {
    name: `diversity of ${path}`,
    paths: [path],
    score(output) {
      const grams = gramsOf(output(path));
      const count = grams.shape[0]!;
      const rows = tf.reshape(grams, [count, grams.size / count]);
      const sizes = tf.sqrt(tf.add(tf.sum(tf.square(rows), 1, true), 1e-20));
      const units = tf.div(rows, sizes) as tf.Tensor2D;
      const apart = tf.sub(tf.ones([count, count]), tf.eye(count));
      const cosines = tf.mul(tf.matMul(units, units, false, true), apart);
      return tf.sub(0, tf.div(tf.sum(cosines), Math.max(1, count - 1))).asScalar();
    },
    check: (model, shape) => void requireLayer(model, shape, path),
  };
}
