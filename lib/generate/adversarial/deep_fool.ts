// DeepFool: the nearest decision boundary, by linear steps.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { ATTACK_OPTIONS, type AttackOptions, type AttackResult } from "./attack.ts";
import { requireNonNegative } from "./check.ts";
import { lengths } from "./norm.ts";
import { readPredictions } from "./predictions.ts";
import { type AttackRun, fools, runAttack } from "./run_attack.ts";
import { pixelGradient } from "./session.ts";

/** Options of {@linkcode deepFool}. */
export type DeepFoolOptions = AttackOptions & {
  /** How many steps at most, from 1. Default: 50. */
  readonly steps?: number;
  /** How far images go beyond the boundary, as a share of their change, at least 0. Default: 0.02. */
  readonly overshoot?: number;
  /** How many classes, those with the highest logits at first, boundaries are sought with; from 2. Default: 10, or all if there are fewer. */
  readonly candidates?: number;
};

const OPTIONS: Readonly<Record<keyof DeepFoolOptions, true>> = {
  ...ATTACK_OPTIONS,
  steps: true,
  overshoot: true,
  candidates: true,
};

/**
 * DeepFool by L2: steps to the nearest boundary of the label's class, as if the logits were linear,
 * until the boundary is crossed. With f_k the logit of class k minus that of the label and w_k its
 * gradient, a step is |f_k| / ‖w_k‖² · w_k for the class k with the smallest |f_k| / ‖w_k‖ (plus 10⁻⁴,
 * as in the authors' program); the sum of the steps is multiplied by 1 + overshoot. Images that are
 * misclassified stay as they are. The method has no target.
 *
 * Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool: a simple and accurate method to fool deep neural
 * networks", CVPR 2016.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options steps, overshoot, candidates, preprocessing
 * @returns the adversarial images, and which of them succeed; distances by L2
 * @throws {RangeError} if a class is not there, a pixel is not from 0 to 1, or an option is out of its
 * range
 * @throws {TypeError} if images and labels are not equally many, or the network takes other images
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deepFool } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const seen = (await deepFool(network, gray, [3])).labels.before;
 * assertEquals((await deepFool(network, gray, seen)).success, [true]);
 * ```
 */
export async function deepFool<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: DeepFoolOptions = {},
): Promise<AttackResult> {
  requireOptions("attack", options, OPTIONS, { targets: "DeepFool has no targets" });
  const { steps = 50, overshoot = 0.02, candidates = 10 } = options;
  requireWhole("attack", "the number of steps", steps);
  requireNonNegative("the overshoot", overshoot);
  requireWhole("attack", "the number of candidates", candidates, 2);
  return await runAttack(
    { network, images, labels, options, norm: "l2" },
    (run) => takeSteps(run, steps, overshoot, candidates),
  );
}

/** The linear form of a boundary at the images: the gradient of a difference of logits, and the logits. */
type Boundary = { readonly gradient: Tensor; readonly logits: Tensor };

async function takeSteps(
  run: AttackRun,
  steps: number,
  overshoot: number,
  candidates: number,
): Promise<Tensor> {
  const { session, origin } = run;
  const boundary = session.pass(
    "a difference of logits",
    () =>
      pixelGradient(session, (logits, difference) => tf.sum(tf.mul(logits, difference)) as Scalar),
  );
  const step = session.pass("to the nearest boundary", () => nearest, [0, 1, 5]);
  const differences = rivals(run, candidates);
  let x: Tensor = tf.clone(origin);
  let total: Tensor = tf.zerosLike(origin);
  try {
    for (let i = 0; i < steps && !run.isOver(); i++) {
      const first: Boundary = boundary(x, differences[0]!);
      const { labels } = await readPredictions(tf.clone(first.logits));
      const fooled = fools(run, labels);
      const forms = [first];
      await run.report(i, steps, fooled);
      if (fooled.every(Boolean)) {
        tf.dispose([first.gradient, first.logits]);
        break;
      }
      for (const difference of differences.slice(1)) forms.push(boundary(x, difference));
      const done = tf.tensor1d(fooled.map(Number));
      const next = step(x, total, origin, differences, done, forms, overshoot);
      done.dispose();
      [x, total] = [next.x, next.total];
    }
    return x;
  } catch (error) {
    x.dispose();
    throw error;
  } finally {
    tf.dispose([total, ...differences]);
  }
}

/**
 * For each candidate but the label, in the order of their logits, the difference of its logit and
 * that of the label: 1 for the candidate, −1 for the label, `[N, classes]`.
 */
function rivals({ before, labels, goals }: AttackRun, candidates: number): Tensor[] {
  const [count, classes] = goals.shape;
  const orders = labels.map((label, i) => {
    const row: ArrayLike<number> = before.logits.subarray(i * classes, (i + 1) * classes);
    return Array.from(row, (_, k) => k).filter((k) => k !== label)
      .sort((a, b) => row[b]! - row[a]! || a - b);
  });
  return Array.from({ length: Math.min(candidates, classes) - 1 }, (_, rank) => {
    const numbers = new Float32Array(count * classes);
    labels.forEach((label, i) => {
      numbers[i * classes + orders[i]![rank]!] = 1;
      numbers[i * classes + label] = -1;
    });
    return tf.tensor2d(numbers, [count, classes]);
  });
}

/** A step to each image's nearest boundary; images that are done stay. */
function nearest(
  x: Tensor,
  total: Tensor,
  origin: Tensor,
  differences: readonly Tensor[],
  done: Tensor,
  forms: readonly Boundary[],
  overshoot: Scalar,
): { readonly x: Tensor; readonly total: Tensor } {
  const shape = [x.shape[0]!, 1, 1, 1];
  let best: { readonly distance: Tensor; readonly way: Tensor } | undefined;
  forms.forEach(({ gradient, logits }, k) => {
    const lead = tf.abs(tf.sum(tf.mul(logits, differences[k]!), 1));
    const length = tf.add(lengths(gradient), 1e-8);
    const distance = tf.div(tf.reshape(lead, shape), length);
    const way = tf.div(gradient, length);
    if (!best) best = { distance, way };
    else {
      const isNearer = tf.less(distance, best.distance);
      best = {
        distance: tf.where(isNearer, distance, best.distance),
        way: tf.where(tf.broadcastTo(isNearer, way.shape), way, best.way),
      };
    }
  });
  const next = tf.add(total, tf.mul(best!.way, tf.add(best!.distance, 1e-4)));
  const moved = tf.clipByValue(
    tf.add(origin, tf.mul(next, tf.add(overshoot, 1))),
    0,
    1,
  );
  const stays = tf.broadcastTo(tf.reshape(tf.cast(done, "bool"), shape), x.shape);
  return { x: tf.where(stays, x, moved), total: next };
}
