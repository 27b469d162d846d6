// Changes colors along the principal components of ImageNet's pixels, as AlexNet.
import { normalArray } from "../tensor/random.ts";
import { requireRange } from "../text/require.ts";
import { addingStage, type ColorAugmentation, recoloring, requireChannels } from "./recoloring.ts";

/** Eigenvalues of the covariance of ImageNet's red, green and blue, for pixels from 0 to 1. */
const EIGENVALUES = [0.2175, 0.0188, 0.0045] as const;

/** Its eigenvectors, as columns. */
const EIGENVECTORS = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.8140],
  [-0.5836, -0.6948, 0.4203],
] as const;

/**
 * Adds the same multiples of the principal components of ImageNet's colors to all pixels of an image:
 * Σ αᵢ λᵢ pᵢ, with αᵢ from a normal distribution, drawn once for each image (Krizhevsky, Sutskever
 * and Hinton 2012, section 4.1). Nothing is clipped.
 *
 * @param deviation the standard deviation of α, at least 0. Default: 0.1
 * @returns the augmentation, of images of three channels
 * @throws {RangeError} if the deviation is not finite and at least 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { pcaColors } from "@neocog/neocog/augment";
 *
 * const [first, second] = pcaColors(0.1).stages(key(0), [2, 8, 8, 3]);
 * const red = [first, second].map((stages) => stages![0]![3]!); // What is added to red.
 * assertEquals([red[0] === red[1], red.every((added) => Math.abs(added) < 0.1)], [false, true]);
 * ```
 */
export function pcaColors(deviation = 0.1): ColorAugmentation {
  const what = "change colors along their principal components";
  const rule = "the deviation must be finite and at least 0";
  requireRange(what, rule, deviation >= 0 && deviation < Infinity, deviation);
  return recoloring(`pca colors ${deviation}`, false, (key, shape) => {
    requireChannels(what, shape, [3]);
    const drawn = normalArray(key, 3 * shape[0], 0, deviation);
    return Array.from(
      { length: shape[0] },
      (_, n) => [addingStage(alongComponents(drawn.subarray(3 * n, 3 * n + 3)))],
    );
  });
}

/** The red, green and blue of Σ αᵢ λᵢ pᵢ. */
export function alongComponents(alphas: ArrayLike<number>): [number, number, number] {
  const [a, b, c] = EIGENVALUES.map((value, i) => value * alphas[i]!);
  const [red, green, blue] = EIGENVECTORS.map(([p, q, r]) => p * a! + q * b! + r * c!);
  return [red!, green!, blue!];
}
