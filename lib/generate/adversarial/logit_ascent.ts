// The chapter's way to adversarial images (§12.9.4): from an image, up the logit of another class.
import type { Network } from "../../layers/layer.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { answersTo } from "./answers.ts";
import { type Attacked, type AttackOptions, besiege, fools, type Siege } from "./attack.ts";
import { requireSize, requireSteps } from "./check.ts";
import { lengths } from "./norm.ts";
import { gradientOf } from "./session.ts";

/** Options of {@linkcode logitAscent}. */
export type LogitAscentOptions = AttackOptions & {
  /** How many steps at most, from 1. Default: 100. */
  readonly steps?: number;
  /** Root mean square of a step's changes, in pixels of 0 to 1, at least 0. Default: 0.002. */
  readonly rate?: number;
  /** The probability of the target at which an image is left as it is, 0 to 1. Default: 0, as soon as it is the class scored highest. */
  readonly confidence?: number;
};

/**
 * The chapter's adversarial images (§12.9.4): instead of from zeros, as the image of a class
 * is made, begin from an image, and climb the logit S_c of another class until the network sees
 * that one: x ← x + η · g / rms(g), g = ∂S_c/∂x, held from 0 to 1. The chapter's sign,
 * x − η ∂L/∂x, would go down what its text wants maximized; this climbs. Distances are by L2.
 *
 * @param network the network, which answers logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the images' classes, `[N]`
 * @param targets the class to be taken for, one for all or one an image, other than the labels
 * @param options steps, rate, confidence, units
 * @returns images, and whom they fool
 * @throws {RangeError} where a class is not there, a target is its image's label, a pixel is not from 0 to 1, or an option is out of range
 * @throws {TypeError} where images, labels and targets are not equally many, or the network takes other images
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
  network: Network<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  targets: number | ArrayLike<number>,
  options: LogitAscentOptions = {},
): Promise<Attacked> {
  const { steps = 100, rate = 0.002, confidence = 0 } = options;
  requireSteps("the number of steps", steps);
  requireSize("the rate", rate);
  if (!(confidence >= 0 && confidence < 1)) {
    throw new RangeError(
      `Cannot attack: the confidence must be from 0 up to but not including 1, got ${confidence}`,
    );
  }
  return await besiege(
    { network, images, labels, options: { ...options, targets }, norm: "l2" },
    (siege) => climb(siege, steps, rate, confidence),
  );
}

async function climb(
  siege: Siege,
  steps: number,
  rate: number,
  confidence: number,
): Promise<Tensor> {
  const { session, goals, count } = siege;
  const gradient = session.pass(
    "a class's logit",
    () => gradientOf(session, (logits, goals) => tf.sum(tf.mul(logits, goals)) as Scalar),
  );
  const step = session.pass("climb", () => climbing, [0, 1]);
  let x: Tensor = tf.clone(siege.origin);
  try {
    for (let i = 0; i < steps && !siege.isOver(); i++) {
      const slope = gradient(x, goals);
      const { labels, probabilities } = await answersTo(slope.logits);
      const fooled = fools(siege, labels).map((is, j) => is && probabilities[j]! >= confidence);
      const rates = tf.tensor4d(fooled.map((is) => is ? 0 : rate), [count, 1, 1, 1]);
      // Those that are there stay as they are: their rate is 0.
      x = step(x, slope.gradient, rates);
      rates.dispose();
      await siege.report(i, steps, fooled);
      if (fooled.every(Boolean)) break;
    }
    return x;
  } catch (error) {
    x.dispose();
    throw error;
  }
}

/** One step of each image, of the root mean square that is its rate. */
function climbing(x: Tensor, gradient: Tensor, rates: Tensor): Tensor {
  const size = x.size / x.shape[0]!;
  const rms = tf.div(lengths(gradient), Math.sqrt(size));
  const change = tf.mul(gradient, tf.div(rates, tf.add(rms, 1e-12)));
  return tf.clipByValue(tf.add(x, change), 0, 1);
}
