// Projected gradient descent. Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning
// models resistant to adversarial attacks", ICLR 2018.
import type { Network } from "../../layers/layer.ts";
import { type Key, key as keyOf } from "../../tensor/random.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { type Attacked, besiege } from "./attack.ts";
import type { BimOptions } from "./bim.ts";
import { requireSize, requireSteps } from "./check.ts";
import { iterate } from "./iterate.ts";
import { drawInBall, type Norm, requireNorm } from "./norm.ts";

/** Options of {@linkcode pgd}. */
export type PgdOptions = Omit<BimOptions, "steps" | "relativeStep"> & {
  /** How many steps, from 1. Default: 40 by L∞, 50 by L2. */
  readonly steps?: number;
  /** Length of a step as a share of ε, at least 0. Default: 0.01 / 0.3 by L∞, 0.025 by L2. */
  readonly relativeStep?: number;
  /** Whether to begin anywhere in the ball rather than at the image. Default: `true`. */
  readonly randomStart?: boolean;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
};

/** Foolbox's. */
const DEFAULTS: Readonly<Record<Norm, { readonly steps: number; readonly relativeStep: number }>> =
  {
    linf: { steps: 40, relativeStep: 0.01 / 0.3 },
    l2: { steps: 50, relativeStep: 0.025 },
  };

/**
 * Projected gradient descent (up the loss of the label, or down that of the target): the basic
 * iterative method from a random place of the ball, in more and smaller steps. The defaults are
 * Foolbox's.
 *
 * @param network the network, which answers logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the images' classes, `[N]`
 * @param options ε, norm, steps, targets, units, key
 * @returns images, and whom they fool
 * @throws {RangeError} as `fgsm` does, and where `steps` is not a whole number from 1
 * @throws {TypeError} as `fgsm` does
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { pgd } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const options = { epsilon: 1, norm: "l2", steps: 3 } as const;
 * const { distances } = await pgd(network, gray, [3], options);
 * assert(distances[0]! > 0 && distances[0]! <= 1 + 1e-6);
 * ```
 */
export async function pgd<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: PgdOptions,
): Promise<Attacked> {
  const { epsilon, norm = "linf", randomStart = true, key = keyOf(0) } = options;
  requireNorm(norm);
  const { steps = DEFAULTS[norm].steps, relativeStep = DEFAULTS[norm].relativeStep } = options;
  requireSize("ε", epsilon);
  requireSize("the relative step", relativeStep);
  requireSteps("the number of steps", steps);
  const stride = { norm, epsilon, steps, stepSize: relativeStep * epsilon };
  return await besiege({ network, images, labels, options, norm }, (siege) => {
    const first = randomStart ? begun(images, norm, epsilon, key) : tf.clone(images);
    return iterate(siege, stride, first);
  });
}

/** Images anywhere in the ball, from 0 to 1. */
function begun(images: Tensor, norm: Norm, epsilon: number, key: Key): Tensor {
  return tf.tidy(() => {
    const [count, ...shape] = images.shape as [number, ...number[]];
    const drawn = tf.tensor(drawInBall(norm, key, count, sizeOf(shape)), images.shape);
    return tf.clipByValue(tf.add(images, tf.mul(drawn, epsilon)), 0, 1);
  });
}
