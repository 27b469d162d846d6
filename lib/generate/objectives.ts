// Objectives relative to other images: similar content or style, or diversity within a batch.
import type { Objective } from "../explain/objective.ts";
import type { Layer } from "../layers/layer.ts";
import { requireLayer } from "../layers/layers_of.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { requireRange } from "../text/require.ts";

/** The mean over the positions of products of channels, `[N, C, C]`. */
function gramsOf(output: Tensor): Tensor {
  const [count, channels] = [output.shape[0]!, output.shape.at(-1)!];
  const rows = tf.reshape(output, [count, output.size / count / channels, channels]);
  return tf.div(tf.matMul(rows, rows, true, false), rows.shape[1]!);
}

/** Refuses a layer whose output does not fit that for another image. */
function requireOutput<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path: Path,
  fits: (output: Shape) => boolean,
  wanted: Shape,
): void {
  const { shape: output } = requireLayer(model, shape, path);
  if (fits(output)) return;
  throw new TypeError(
    `Cannot compare with another image: "${path}" must output what it does there, [${wanted}], got [${output}]`,
  );
}

/**
 * The Gram matrix of a layer's output: which channels are active together, at any position. Gatys,
 * Ecker and Bethge, "A neural algorithm of artistic style", 2015.
 *
 * @param output a layer's output, `[N, H, W, C]` or `[N, C]`
 * @returns the mean over the positions of products of channels, `[N, C, C]`; the caller owns it
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
 * Similarity to the style of another image of any size: −‖G − G₀‖² / ‖G₀‖² of the layer's Gram
 * matrices. `weighted` adds the styles of several layers.
 *
 * @param path the layer
 * @param gram the other image's Gram matrix, `[1, C, C]`; the caller keeps it, for as long as the objective is used
 * @returns the objective
 * @throws by `check`, if there is no such layer (`RangeError`), or its output has other channels (`TypeError`)
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
    score: (output) => similarity(gramsOf(output(path)), gram),
    check(model, shape) {
      const fits = (output: Shape): boolean => output.at(-1) === gram.shape.at(-1);
      requireOutput(model, shape, path, fits, gram.shape.slice(-1));
    },
  };
}

/** −‖x − target‖² / ‖target‖², summed over the batch; the target's first axis is 1 or the batch. */
function similarity(x: Tensor, target: Tensor): tf.Scalar {
  const distance = tf.sum(tf.square(tf.sub(x, target)));
  const size = tf.maximum(
    tf.mean(tf.sum(tf.reshape(tf.square(target), [target.shape[0]!, -1]), 1)),
    1e-12,
  );
  return tf.sub(0, tf.div(distance, size)).asScalar();
}

/**
 * Similarity to a layer's output for another image: −‖Φ(x) − Φ₀‖² / ‖Φ₀‖², which feature inversion
 * (§12.9.4) maximizes. The chapter leaves the division out; Mahendran and Vedaldi have it, so that
 * one weight of a regularizer suits all layers.
 *
 * @param path the layer
 * @param features Φ₀, `[1, …]`; the caller keeps it, for as long as the objective is used
 * @returns the objective, at most 0; −1 for an output of zeros
 * @throws by `check`, if there is no such layer (`RangeError`), or its output is of another shape (`TypeError`)
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { similarTo } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const wanted = similarTo("conv1", tf.tensor2d([[3, 4]]));
 * assertEquals(await wanted.score(() => tf.tensor2d([[3, 9]]), tf.zeros([1])).array(), -1);
 * ```
 */
export function similarTo(path: Path, features: Tensor): Objective {
  return {
    name: `similarity in ${path === "" ? "the output" : path}`,
    paths: [path],
    score: (output) => similarity(output(path), features),
    check(model, shape) {
      const wanted = features.shape.slice(1);
      requireOutput(model, shape, path, (output) => `${output}` === `${wanted}`, wanted);
    },
  };
}

/**
 * More of what a layer sees in another image: z · Φ₀ / ‖Φ₀‖² · max(0.1, cos(z, Φ₀))^p, of all positions
 * together. The product grows with the features, the cosine keeps their proportions. Olah,
 * Mordvintsev and Schubert, "Feature visualization", 2017; Lucid's `dot_compare`.
 *
 * @param path the layer
 * @param features Φ₀, `[1, …]`; the caller keeps it, for as long as the objective is used
 * @param power p, how much proportions count, at least 0. Default: 1
 * @returns the objective; 1 for the image itself
 * @throws {RangeError} if the power is not finite and at least 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { exaggerated } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const more = exaggerated("conv1", tf.tensor2d([[3, 4]]));
 * const score = await more.score(() => tf.tensor2d([[6, 8]]), tf.zeros([1])).array();
 * assertAlmostEquals(score, 2, 1e-6);
 * ```
 */
export function exaggerated(path: Path, features: Tensor, power = 1): Objective {
  requireRange(
    "exaggerate features",
    "the power must be finite and at least 0",
    power >= 0 && power < Infinity,
    power,
  );
  return {
    name: `${path === "" ? "the output" : path}, exaggerated`,
    paths: [path],
    score(output) {
      const maps = output(path);
      const rows = tf.reshape(maps, [maps.shape[0]!, -1]);
      const wanted = tf.reshape(features, [1, -1]);
      const square = tf.maximum(tf.sum(tf.square(wanted)), 1e-12);
      const products = tf.sum(tf.mul(rows, wanted), 1);
      const lengths = tf.sqrt(tf.add(tf.mul(tf.sum(tf.square(rows), 1), square), 1e-20));
      const cosines = tf.maximum(tf.div(products, lengths), 0.1);
      return tf.sum(tf.mul(tf.div(products, square), tf.pow(cosines, power))).asScalar();
    },
    check(model, shape) {
      const wanted = features.shape.slice(1);
      requireOutput(model, shape, path, (output) => `${output}` === `${wanted}`, wanted);
    },
  };
}

/**
 * DeepDream's objective with a guide: Σ over positions of the largest product z · g with the guide's
 * features at any position. Each position grows toward what it resembles most in the guide.
 * Mordvintsev, Olah and Tyka, "DeepDream", 2015.
 *
 * @param path the layer
 * @param features those of the guide, `[1, H, W, C]` of any height and width; the caller keeps them, for as long as the objective is used
 * @returns the objective
 * @throws by `check`, if there is no such layer (`RangeError`), or its output has other channels (`TypeError`)
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
      const fits = (output: Shape): boolean => output.at(-1) === channels;
      requireOutput(model, shape, path, fits, [channels]);
    },
  };
}

/**
 * Diversity of the images of a batch: minus the mean, over pairs of images, of the cosine between
 * their Gram matrices, times the number of images. Added to another objective, it shows the
 * different things that activate one unit. Olah, Mordvintsev and Schubert, "Feature visualization",
 * 2017.
 *
 * @param path the layer
 * @returns the objective, from −1 to 0 per image; 0 for a single image
 * @throws {RangeError} by `check`, if there is no such layer
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
