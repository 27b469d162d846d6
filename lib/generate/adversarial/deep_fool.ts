// DeepFool. Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool: a simple and accurate method to fool
// deep neural networks", CVPR 2016.
import type { Network } from "../../layers/layer.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { answersTo } from "./answers.ts";
import { type Attacked, type AttackOptions, besiege, fools, type Siege } from "./attack.ts";
import { requireSize, requireSteps } from "./check.ts";
import { lengths } from "./norm.ts";
import { gradientOf } from "./session.ts";

/** Options of {@linkcode deepFool}. */
export type DeepFoolOptions = AttackOptions & {
  /** How many steps at most, from 1. Default: 50. */
  readonly steps?: number;
  /** How far beyond the boundary images go, as a share of their change, at least 0. Default: 0.02. */
  readonly overshoot?: number;
  /** How many classes, those scored highest at first, boundaries are sought with; from 2. Default: 10, or all where there are fewer. */
  readonly candidates?: number;
};

/**
 * DeepFool by L2: the way to the nearest boundary of the label's class, as if scores were linear
 * around the image, again and again until the boundary is crossed. With f_k the logit of class k
 * less the label's and w_k its gradient, a step is |f_k| / ‖w_k‖² · w_k for the class k whose
 * |f_k| / ‖w_k‖ is the smallest (and 10⁻⁴ more, as in the authors' program); the changes' sum goes
 * (1 + overshoot) times beyond the image. Images that the network has wrong are left as they
 * are. The method has no target.
 *
 * @param network the network, which answers logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the images' classes, `[N]`
 * @param options steps, overshoot, candidates, units
 * @returns images, and whom they fool; distances by L2
 * @throws {RangeError} where a class is not there, a pixel is not from 0 to 1, or an option is out of range
 * @throws {TypeError} where images and labels are not equally many, or the network takes other images
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
  network: Network<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: DeepFoolOptions = {},
): Promise<Attacked> {
  const { steps = 50, overshoot = 0.02, candidates = 10 } = options;
  requireSteps("the number of steps", steps);
  requireSize("the overshoot", overshoot);
  requireSteps("the number of candidates", candidates, 2);
  if ((options as { readonly targets?: unknown }).targets !== undefined) {
    throw new RangeError(
      "Cannot attack by DeepFool: the method has no targets, got one",
    );
  }
  return await besiege(
    { network, images, labels, options, norm: "l2" },
    (siege) => cross(siege, steps, overshoot, candidates),
  );
}

/** A boundary's linear form at the images: by how much the label's class leads, and its gradient. */
type Boundary = { readonly gradient: Tensor; readonly logits: Tensor };

async function cross(
  siege: Siege,
  steps: number,
  overshoot: number,
  candidates: number,
): Promise<Tensor> {
  const { session, origin } = siege;
  const boundary = session.pass(
    "a difference of logits",
    () => gradientOf(session, (logits, difference) => tf.sum(tf.mul(logits, difference)) as Scalar),
  );
  const step = session.pass("to the nearest boundary", () => nearest, [0, 1, 5]);
  const differences = rivals(siege, candidates);
  let x: Tensor = tf.clone(origin);
  let total: Tensor = tf.zerosLike(origin);
  try {
    for (let i = 0; i < steps && !siege.isOver(); i++) {
      const first: Boundary = boundary(x, differences[0]!);
      const { labels } = await answersTo(tf.clone(first.logits));
      const fooled = fools(siege, labels);
      const forms = [first];
      await siege.report(i, steps, fooled);
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
 * For each candidate but the label, in the order of their scores, what a boundary's form is
 * made by: 1 for the candidate, −1 for the label, `[N, classes]`.
 */
function rivals({ before, labels, goals }: Siege, candidates: number): Tensor[] {
  const [count, classes] = goals.shape;
  const orders = labels.map((label, i) => {
    const row: ArrayLike<number> = before.logits.subarray(i * classes, (i + 1) * classes);
    return Array.from(row, (_, k) => k).filter((k) => k !== label)
      .sort((a, b) => row[b]! - row[a]! || a - b);
  });
  return Array.from({ length: Math.min(candidates, classes) - 1 }, (_, place) => {
    const numbers = new Float32Array(count * classes);
    labels.forEach((label, i) => {
      numbers[i * classes + orders[i]![place]!] = 1;
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
