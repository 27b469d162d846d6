// Attacks in steps along the gradient, each projected onto a ball around the original: FGSM, BIM and PGD.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import { type Key, key as keyOf } from "../../tensor/random.ts";
import { type Scalar, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { ATTACK_OPTIONS, type AttackResult, type TargetedOptions } from "./attack.ts";
import { requireNonNegative } from "./check.ts";
import { crossEntropySum } from "./margin_losses.ts";
import { drawInBall, type Norm, project, requireNorm, steepest } from "./norm.ts";
import { readPredictions } from "./predictions.ts";
import { type AttackRun, fools, runAttack } from "./run_attack.ts";
import { pixelGradient } from "./session.ts";

/** Options of {@linkcode fgsm}. */
export type FgsmOptions = TargetedOptions & {
  /** ε, the largest distance from the original by the norm, in pixels from 0 to 1; at least 0. */
  readonly epsilon: number;
  /** The norm of ε. Default: `"linf"`. */
  readonly norm?: Norm;
};

/** The names of {@linkcode FgsmOptions}. */
export const FGSM_OPTIONS: Readonly<Record<keyof FgsmOptions, true>> = {
  ...ATTACK_OPTIONS,
  targets: true,
  epsilon: true,
  norm: true,
};

/** Options of {@linkcode bim}. */
export type BimOptions = FgsmOptions & {
  /** How many steps, from 1. Default: 10. */
  readonly steps?: number;
  /** Length of a step as a share of ε, at least 0. Default: 0.2. */
  readonly relativeStep?: number;
};

/** Options of {@linkcode pgd}. */
export type PgdOptions = FgsmOptions & {
  /** How many steps, from 1. Default: 40 by L∞, 50 by L2. */
  readonly steps?: number;
  /** Length of a step as a share of ε, at least 0. Default: 0.01 / 0.3 by L∞, 0.025 by L2. */
  readonly relativeStep?: number;
  /** Whether to start at a random point of the ball instead of the original. Default: `true`. */
  readonly randomStart?: boolean;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
};

/**
 * The fast gradient sign method: one step of size ε that increases the loss of the label, or
 * decreases that of the target: x + ε · sign(∂L/∂x), clipped to 0 to 1. By L2 it is x + ε · g / ‖g‖.
 *
 * Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options ε, norm, targets, preprocessing
 * @returns the adversarial images, and which of them succeed
 * @throws {RangeError} if ε is below 0, a class is not there, a target is its image's label, or a
 * pixel is not from 0 to 1
 * @throws {TypeError} if images, labels and targets are not equally many, or the network takes other
 * images
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
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: FgsmOptions,
): Promise<AttackResult> {
  requireOptions("attack", options, FGSM_OPTIONS);
  return await projected(network, images, labels, { ...options, steps: 1, relativeStep: 1 });
}

/**
 * The basic iterative method: FGSM in small steps, each projected onto the ball of radius ε and
 * clipped to 0 to 1. The defaults are those of Foolbox.
 *
 * Kurakin, Goodfellow and Bengio, "Adversarial examples in the physical world", ICLR 2017 workshop.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options ε, norm, steps, targets, preprocessing
 * @returns the adversarial images, and which of them succeed
 * @throws {RangeError} as {@linkcode fgsm}, and if `steps` is not a whole number from 1
 * @throws {TypeError} as {@linkcode fgsm}
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
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: BimOptions,
): Promise<AttackResult> {
  requireOptions("attack", options, { ...FGSM_OPTIONS, steps: true, relativeStep: true });
  const { steps = 10, relativeStep = 0.2 } = options;
  return await projected(network, images, labels, { ...options, steps, relativeStep });
}

/** Foolbox's defaults for PGD. */
const PGD_DEFAULTS = {
  linf: { steps: 40, relativeStep: 0.01 / 0.3 },
  l2: { steps: 50, relativeStep: 0.025 },
} as const;

/**
 * Projected gradient descent: the basic iterative method from a random point of the ball, in more
 * and smaller steps. The defaults are those of Foolbox.
 *
 * Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards deep learning models resistant to adversarial
 * attacks", ICLR 2018.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options ε, norm, steps, targets, preprocessing, key
 * @returns the adversarial images, and which of them succeed
 * @throws {RangeError} as {@linkcode fgsm}, and if `steps` is not a whole number from 1
 * @throws {TypeError} as {@linkcode fgsm}
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
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: PgdOptions,
): Promise<AttackResult> {
  requireOptions("attack", options, {
    ...FGSM_OPTIONS,
    steps: true,
    relativeStep: true,
    randomStart: true,
    key: true,
  });
  const { norm = "linf", randomStart = true, key = keyOf(0) } = options;
  requireNorm(norm);
  const { steps, relativeStep } = PGD_DEFAULTS[norm];
  const filled = {
    ...options,
    steps: options.steps ?? steps,
    relativeStep: options.relativeStep ?? relativeStep,
  };
  const start = randomStart
    ? (images: Tensor, epsilon: number) => inBall(images, norm, epsilon, key)
    : undefined;
  return await projected(network, images, labels, filled, start);
}

/** A random point of the ball around each image, clipped to 0 to 1. */
function inBall(images: Tensor, norm: Norm, epsilon: number, key: Key): Tensor {
  return tf.tidy(() => {
    const [count, ...shape] = images.shape as [number, ...number[]];
    const drawn = tf.tensor(drawInBall(norm, key, count, sizeOf(shape)), images.shape);
    return tf.clipByValue(tf.add(images, tf.mul(drawn, epsilon)), 0, 1);
  });
}

/** Checks the options, and takes the steps. */
async function projected<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: FgsmOptions & { readonly steps: number; readonly relativeStep: number },
  start: (images: Tensor, epsilon: number) => Tensor = tf.clone,
): Promise<AttackResult> {
  const { epsilon, norm = "linf", steps, relativeStep } = options;
  requireNonNegative("ε", epsilon);
  requireNonNegative("the relative step", relativeStep);
  requireWhole("attack", "the number of steps", steps);
  requireNorm(norm);
  const size = relativeStep * epsilon;
  return await runAttack(
    { network, images, labels, options, norm },
    (run) => takeSteps(run, start(images, epsilon), { norm, epsilon, steps, size }),
  );
}

type Steps = {
  readonly norm: Norm;
  /** Radius of the ball. */
  readonly epsilon: number;
  readonly steps: number;
  /** Length of a step by the norm. */
  readonly size: number;
};

/**
 * Steps x ← Π(x ± size · steepest(∂L/∂x)), with L the cross-entropy of the goals and Π the projection
 * onto the ball and the pixels' range.
 *
 * @param steps norm, radius, number and length of the steps
 */
async function takeSteps(
  run: AttackRun,
  first: Tensor,
  { norm, epsilon, steps, size }: Steps,
): Promise<Tensor> {
  const { session, origin, goals, away } = run;
  const step = session.pass(`step by ${norm}`, () => {
    const gradientOf = pixelGradient(session, crossEntropySum);
    return (x: Tensor, origin: Tensor, goals: Tensor, size: Scalar, epsilon: Scalar) => {
      const { gradient, logits } = gradientOf(x, goals);
      const moved = tf.add(x, tf.mul(steepest(norm, gradient), size));
      return { x: project(norm, moved, origin, epsilon), logits };
    };
  }, [0]);
  let x = first;
  try {
    for (let i = 0; i < steps && !run.isOver(); i++) {
      const next = step(x, origin, goals, away * size, epsilon);
      x = next.x;
      const { labels } = await readPredictions(next.logits);
      await run.report(i, steps, fools(run, labels));
    }
    return x;
  } catch (error) {
    x.dispose();
    throw error;
  }
}
