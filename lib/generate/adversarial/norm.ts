// Distances between images, and the balls that attacks stay in.
import { fold, type Key, normalArray, uniformArray } from "../../tensor/random.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";

/** `"linf"`, the largest change of a channel of a pixel; `"l2"`, the root of the sum of squares. */
export type Norm = "linf" | "l2";

/** The norms by name. */
export const NORMS: readonly Norm[] = ["linf", "l2"];

/** @throws {RangeError} if it is none */
export function requireNorm(norm: Norm): void {
  if (NORMS.includes(norm)) return;
  throw new RangeError(
    `Cannot attack: the norm must be one of ${NORMS.join(", ")}, got ${norm}`,
  );
}

/**
 * The distances between images.
 *
 * @param a images `[N, …]`
 * @param b as many of the same shape
 * @param norm which distance, in the units of the images
 * @returns one distance per image, `[N]`
 * @throws {TypeError} if the shapes differ
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { imageDistances } from "@neocog/neocog/generate";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [a, b] = [tf.tensor2d([[0, 3], [1, 1]]), tf.tensor2d([[4, 0], [1, 1]])];
 * assertEquals(await imageDistances(a, b, "l2"), [5, 0]);
 * assertEquals(await imageDistances(a, b, "linf"), [4, 0]);
 * ```
 */
export async function imageDistances(a: Tensor, b: Tensor, norm: Norm): Promise<number[]> {
  requireNorm(norm);
  if (`${a.shape}` !== `${b.shape}` || a.rank === 0) {
    throw new TypeError(
      `Cannot measure distances: images must be of one shape [N, …], got [${a.shape}] and [${b.shape}]`,
    );
  }
  const [from, to] = await Promise.all([a.data(), b.data()]);
  return distancesOf(from, to, a.shape[0]!, norm);
}

/** {@linkcode imageDistances} of numbers on the host. */
export function distancesOf(
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  count: number,
  norm: Norm,
): number[] {
  const size = from.length / count;
  return Array.from({ length: count }, (_, i) => {
    let [sum, most] = [0, 0];
    for (let j = i * size; j < (i + 1) * size; j++) {
      const change = Math.abs(from[j]! - to[j]!);
      sum += change * change;
      most = Math.max(most, change);
    }
    return norm === "linf" ? most : Math.sqrt(sum);
  });
}

/** Less than any length that matters, against 0 / 0. */
const LEAST = 1e-12;

/** The L2 norm of each image of a batch, `[N, 1, 1, 1]`. */
export function lengths(x: Tensor): Tensor {
  const [count, ...rest] = x.shape as [number, ...number[]];
  const length = tf.sqrt(tf.sum(tf.square(tf.reshape(x, [count, -1])), 1));
  return tf.reshape(length, [count, ...rest.map(() => 1)]);
}

/**
 * The direction of steepest ascent of a step of size 1: the sign of the gradient (L∞), or the
 * gradient divided by its length (L2), per image.
 *
 * @param gradient `[N, H, W, C]`
 */
export function steepest(norm: Norm, gradient: Tensor): Tensor {
  if (norm === "linf") return tf.sign(gradient);
  return tf.div(gradient, tf.maximum(lengths(gradient), LEAST));
}

/**
 * Projects images onto the ball around others, and then clips them to 0 to 1.
 *
 * @param x images `[N, H, W, C]`
 */
export function project(norm: Norm, x: Tensor, origin: Tensor, epsilon: Scalar): Tensor {
  const change = tf.sub(x, origin);
  const projected = norm === "linf"
    ? tf.minimum(tf.maximum(change, tf.neg(epsilon)), epsilon)
    : tf.mul(change, tf.minimum(tf.div(epsilon, tf.maximum(lengths(change), LEAST)), 1));
  return tf.clipByValue(tf.add(origin, projected), 0, 1);
}

/**
 * Changes drawn uniformly from the ball of radius 1 around 0.
 *
 * @param size numbers of an image
 */
export function drawInBall(norm: Norm, key: Key, count: number, size: number): Float32Array {
  if (norm === "linf") return uniformArray(key, count * size, -1, 1);
  // A direction on the sphere, and a radius whose power `size` is uniform.
  const drawn = normalArray(fold(key, "direction"), count * size);
  const radii = uniformArray(fold(key, "radius"), count);
  for (let i = 0; i < count; i++) {
    const image = drawn.subarray(i * size, (i + 1) * size);
    const length = Math.sqrt(image.reduce((sum, x) => sum + x * x, 0));
    const factor = Math.pow(radii[i]!, 1 / size) / Math.max(length, LEAST);
    image.forEach((x, j) => image[j] = x * factor);
  }
  return drawn;
}
