// The chapter's adversarial images (§12.9.4): gradient ascent of the logit of another class.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import { ATTACK_OPTIONS, type AttackOptions, type AttackResult } from "./attack.ts";
import { requireNonNegative } from "./check.ts";
import { lengths } from "./norm.ts";
import { readPredictions } from "./predictions.ts";
import { type AttackRun, fools, runAttack } from "./run_attack.ts";
import { pixelGradient } from "./session.ts";

/** Options of {@linkcode logitAscent}. */
export type LogitAscentOptions = AttackOptions & {
  /** How many steps at most, from 1. Default: 100. */
  readonly steps?: number;
  /** Root mean square of a step, in pixels from 0 to 1, at least 0. Default: 0.002. */
  readonly rate?: number;
  /** The probability of the target at which an image is done, 0 to 1. Default: 0, as soon as the target is predicted. */
  readonly confidence?: number;
};

/**
 * The chapter's adversarial images (§12.9.4): from an image instead of zeros, maximizes the logit S_c
 * of another class until the network predicts it: x ← x + η · g / rms(g), g = ∂S_c/∂x, clipped to 0
 * to 1. The chapter's sign, x − η ∂L/∂x, would go down; this goes up. Distances are by L2.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param targets the class to be predicted, one for all or one per image, other than the labels
 * @param options steps, rate, confidence, preprocessing
 * @returns the adversarial images, and which of them succeed
 * @throws {RangeError} if a class is not there, a target is its image's label, a pixel is not from 0
 * to 1, or an option is out of its range
 * @throws {TypeError} if images, labels and targets are not equally many, or the network takes other
 * images
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 * import { logitAscent } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const { labels } = await logitAscent(network, gray, [3], 7, { rate: 0.02 });
 * assertEquals(labels.after, [7]);
 * ```
 */
export async function logitAscent<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  targets: number | ArrayLike<number>,
  options: LogitAscentOptions = {},
): Promise<AttackResult> {
  requireOptions("attack", options, {
    ...ATTACK_OPTIONS,
    steps: true,
    rate: true,
    confidence: true,
  });
  const { steps = 100, rate = 0.002, confidence = 0 } = options;
  requireWhole("attack", "the number of steps", steps);
  requireNonNegative("the rate", rate);
  const rule = "the confidence must be at least 0 and below 1";
  requireRange("attack", rule, confidence >= 0 && confidence < 1, confidence);
  return await runAttack(
    { network, images, labels, options: { ...options, targets }, norm: "l2" },
    (run) => takeSteps(run, steps, rate, confidence),
  );
}

async function takeSteps(
  run: AttackRun,
  steps: number,
  rate: number,
  confidence: number,
): Promise<Tensor> {
  const { session, goals, count } = run;
  const gradient = session.pass(
    "a class's logit",
    () => pixelGradient(session, (logits, goals) => tf.sum(tf.mul(logits, goals)) as Scalar),
  );
  const step = session.pass("ascend", () => ascended, [0, 1]);
  let x: Tensor = tf.clone(run.origin);
  try {
    for (let i = 0; i < steps && !run.isOver(); i++) {
      const found = gradient(x, goals);
      const { labels, probabilities } = await readPredictions(found.logits);
      const fooled = fools(run, labels).map((is, j) => is && probabilities[j]! >= confidence);
      const rates = tf.tensor4d(fooled.map((is) => is ? 0 : rate), [count, 1, 1, 1]);
      // The rate of images that are done is 0.
      x = step(x, found.gradient, rates);
      rates.dispose();
      await run.report(i, steps, fooled);
      if (fooled.every(Boolean)) break;
    }
    return x;
  } catch (error) {
    x.dispose();
    throw error;
  }
}

/** One step of each image, whose root mean square is its rate. */
function ascended(x: Tensor, gradient: Tensor, rates: Tensor): Tensor {
  const size = x.size / x.shape[0]!;
  const rms = tf.div(lengths(gradient), Math.sqrt(size));
  const change = tf.mul(gradient, tf.div(rates, tf.add(rms, 1e-12)));
  return tf.clipByValue(tf.add(x, change), 0, 1);
}
