// The fast gradient sign method. Goodfellow, Shlens and Szegedy, "Explaining and harnessing
// adversarial examples", ICLR 2015.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { type Attacked, besiege, type TargetedOptions } from "./attack.ts";
import { requireSize } from "./check.ts";
import { iterate } from "./iterate.ts";
import { type Norm, requireNorm } from "./norm.ts";

/** Options of {@linkcode fgsm}. */
export type FgsmOptions = TargetedOptions & {
  /** How far images may be from those given, by the norm, in pixels of 0 to 1; at least 0. */
  readonly epsilon: number;
  /** What ε is measured by. Default: `"linf"`. */
  readonly norm?: Norm;
};

/**
 * The fast gradient sign method: one step of size ε up the loss of the label, or down that of
 * the target: x + ε · sign(∂L/∂x), held from 0 to 1. By L2 it is x + ε · g / ‖g‖.
 *
 * @param network the network, which answers logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the images' classes, `[N]`
 * @param options ε, norm, targets, units
 * @returns images, and whom they fool
 * @throws {RangeError} where ε is below 0, a class is not there, a target is its image's label, or a pixel is not from 0 to 1
 * @throws {TypeError} where images, labels and targets are not equally many, or the network takes other images
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { fgsm } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const { images, distances } = await fgsm(network, gray, [3], { epsilon: 0.1 });
 * assert(Math.abs(distances[0]! - 0.1) < 1e-6 && images.shape[0] === 1);
 * ```
 */
export async function fgsm<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: FgsmOptions,
): Promise<Attacked> {
  const { epsilon, norm = "linf" } = options;
  requireSize("ε", epsilon);
  requireNorm(norm);
  const stride = { norm, epsilon, steps: 1, stepSize: epsilon };
  return await besiege(
    { network, images, labels, options, norm },
    (siege) => iterate(siege, stride, tf.clone(images)),
  );
}
