// The basic iterative method. Kurakin, Goodfellow and Bengio, "Adversarial examples in the physical
// world", ICLR 2017 workshop.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { type Attacked, besiege } from "./attack.ts";
import { requireSize, requireSteps } from "./check.ts";
import type { FgsmOptions } from "./fgsm.ts";
import { iterate } from "./iterate.ts";
import { requireNorm } from "./norm.ts";

/** Options of {@linkcode bim}. */
export type BimOptions = FgsmOptions & {
  /** How many steps, from 1. Default: 10. */
  readonly steps?: number;
  /** Length of a step as a share of ε, at least 0. Default: 0.2. */
  readonly relativeStep?: number;
};

/**
 * The basic iterative method: FGSM in small steps, after each of which the images are held to
 * the ball of radius ε and to 0 to 1. The defaults are Foolbox's.
 *
 * @param network the network, which answers logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the images' classes, `[N]`
 * @param options ε, norm, steps, targets, units
 * @returns images, and whom they fool
 * @throws {RangeError} as `fgsm` does, and where `steps` is not a whole number from 1
 * @throws {TypeError} as `fgsm` does
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { bim } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const { distances } = await bim(network, gray, [3], { epsilon: 0.1, steps: 2 });
 * assert(distances[0]! < 0.1);
 * ```
 */
export async function bim<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: BimOptions,
): Promise<Attacked> {
  const { epsilon, norm = "linf", steps = 10, relativeStep = 0.2 } = options;
  requireSize("ε", epsilon);
  requireSize("the relative step", relativeStep);
  requireSteps("the number of steps", steps);
  requireNorm(norm);
  const stride = { norm, epsilon, steps, stepSize: relativeStep * epsilon };
  return await besiege(
    { network, images, labels, options, norm },
    (siege) => iterate(siege, stride, tf.clone(images)),
  );
}
