// Auto-PGD: projected gradient steps with momentum, whose size halves when they no longer help.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import { type Key, key as keyOf } from "../../tensor/random.ts";
import { type Scalar, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOneOf, requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import type { AttackResult } from "./attack.ts";
import { requireNonNegative } from "./check.ts";
import {
  ATTACK_LOSSES,
  type AttackLoss,
  attackLoss,
  crossEntropySum,
  logitsRatioSum,
} from "./margin_losses.ts";
import { drawInBall, type Norm, project, requireNorm, steepest } from "./norm.ts";
import { type Predictions, readPredictions } from "./predictions.ts";
import { FGSM_OPTIONS, type FgsmOptions } from "./projected_gradient.ts";
import { type AttackRun, fools, runAttack } from "./run_attack.ts";
import { pixelGradient } from "./session.ts";

/** Options of {@linkcode autoPgd}. */
export type AutoPgdOptions = FgsmOptions & {
  /** How many steps, from 1. Default: 100, as in AutoAttack. */
  readonly steps?: number;
  /**
   * What is maximized: `"dlr"`, the difference of logits ratio, does not change with the scale of the
   * logits; it needs three classes, or four with targets. Default: `"cross-entropy"`.
   */
  readonly loss?: AttackLoss;
  /** The source of the first point, on the ball's border. Default: `key(0)`. */
  readonly key?: Key;
};

/**
 * Auto-PGD, the parameter-free attack of AutoAttack: gradient steps with momentum from a random
 * point of the ball, of size 2ε at first. At checkpoints the size is halved, and the search goes
 * back to the best point, if less than three quarters of the steps raised the loss, or the best loss
 * has not changed since a checkpoint that did not halve it.
 *
 * Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
 * parameter-free attacks", ICML 2020, Algorithm 1.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options ε, norm, steps, loss, targets, preprocessing, key
 * @returns the adversarial images, and which of them succeed
 * @throws {RangeError} as `fgsm`, and if `steps` is not a whole number from 1, there is no such
 * loss, or there are too few classes for it
 * @throws {TypeError} as `fgsm`
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { autoPgd } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const options = { epsilon: 0.1, steps: 5, loss: "dlr" } as const;
 * const { distances } = await autoPgd(network, gray, [3], options);
 * assert(distances[0]! <= 0.1 + 1e-6);
 * ```
 */
export async function autoPgd<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: AutoPgdOptions,
): Promise<AttackResult> {
  requireOptions("attack", options, { ...FGSM_OPTIONS, steps: true, loss: true, key: true });
  const { epsilon, norm = "linf", steps = 100, loss = "cross-entropy", key = keyOf(0) } = options;
  requireNonNegative("ε", epsilon);
  requireWhole("attack", "the number of steps", steps);
  requireNorm(norm);
  requireOneOf("attack", "the loss", ATTACK_LOSSES, loss);
  return await runAttack({ network, images, labels, options, norm }, (run) => {
    const classes = run.goals.shape[1];
    const least = run.targets ? 4 : 3;
    const isEnough = loss !== "dlr" || classes >= least;
    requireRange("attack", `for the loss "dlr" there must be ${least} classes`, isEnough, classes);
    const start = onBorder(images, norm, epsilon, key);
    return takeAutoSteps(run, start, { norm, epsilon, steps, loss });
  });
}

/** A random point on the border of the ball around each image, clipped to 0 to 1. */
function onBorder(images: Tensor, norm: Norm, epsilon: number, key: Key): Tensor {
  return tf.tidy(() => {
    const [count, ...shape] = images.shape as [number, ...number[]];
    const drawn = drawInBall(norm, key, count, sizeOf(shape));
    return tf.clipByValue(
      tf.add(images, border(norm, tf.tensor(drawn, images.shape), epsilon)),
      0,
      1,
    );
  });
}

/** Changes, scaled to the length ε. */
function border(norm: Norm, change: Tensor, epsilon: number): Tensor {
  if (norm === "l2") return tf.mul(steepest(norm, change), epsilon);
  return tf.mul(tf.div(change, tf.max(tf.abs(change), [1, 2, 3], true)), epsilon);
}

/** What the steps need. */
export type AutoSteps = {
  readonly norm: Norm;
  readonly epsilon: number;
  readonly steps: number;
  readonly loss: AttackLoss;
};

/** Momentum: the share of the step itself. */
const STEP_SHARE = 0.75;

/** The share of steps that have to raise the loss between checkpoints. */
const RAISING = 0.75;

/** The tensors of the search, each `[N, H, W, C]`. */
type Points = {
  /** Where it is, and was before. */
  readonly x: Tensor;
  readonly old: Tensor;
  readonly gradient: Tensor;
  /** Where the loss was highest, and the gradient there. */
  readonly best: Tensor;
  readonly bestGradient: Tensor;
  /** The last point that fooled, or the best one before there is any. */
  readonly fooling: Tensor;
};

/** The steps from a point, which are those of AutoAttack. */
export async function takeAutoSteps(
  run: AttackRun,
  start: Tensor,
  { norm, epsilon, steps, loss }: AutoSteps,
): Promise<Tensor> {
  const { session, origin, count, labels, targets, goals, away } = run;
  const labeled = tf.tidy(() =>
    tf.oneHot(tf.tensor1d([...labels], "int32"), goals.shape[1]).toFloat()
  );
  const look = session.pass(`gradient of ${loss} ${away}`, () => {
    const score = (logits: Tensor, both: Tensor): Scalar => {
      const [goals, labeled] = tf.unstack(both) as [Tensor, Tensor];
      if (loss === "dlr") return logitsRatioSum(logits, labeled, away < 0 ? goals : undefined);
      return tf.mul(crossEntropySum(logits, goals), away) as Scalar;
    };
    return pixelGradient(session, score);
  });
  const move = session.pass(`adaptive step by ${norm}`, () => adaptiveStep(norm));
  const both = tf.stack([goals, labeled]);
  const lossesOf = ({ logits }: Predictions): number[] =>
    labels.map((label, i) => {
      const own = logits.subarray(i * goals.shape[1], (i + 1) * goals.shape[1]);
      return attackLoss(loss, own, label, targets?.[i]);
    });
  const first = look(start, both);
  let points: Points = {
    x: start,
    old: tf.clone(start),
    gradient: first.gradient,
    best: tf.clone(start),
    bestGradient: tf.clone(first.gradient),
    fooling: tf.clone(start),
  };
  try {
    const seen = await readPredictions(first.logits);
    const found = fools(run, seen.labels);
    const history = [lossesOf(seen)];
    const best = [...history[0]!];
    let checked = { best: [...best], halved: labels.map(() => true) };
    const sizes = labels.map(() => 2 * epsilon);
    let [period, since] = [Math.max(1, Math.floor(0.22 * steps)), 0];
    for (let i = 0; i < steps && !run.isOver(); i++) {
      await run.report(i, steps, found);
      const size = tf.tensor4d(sizes, [count, 1, 1, 1]);
      const x = move(
        points.x,
        points.old,
        points.gradient,
        origin,
        size,
        i === 0 ? 1 : STEP_SHARE,
        epsilon,
      );
      size.dispose();
      const { gradient, logits } = look(x, both);
      const now = await readPredictions(logits);
      const losses = lossesOf(now);
      const isBetter = losses.map((one, n) => one > best[n]!);
      const isFooled = fools(run, now.labels);
      isFooled.forEach((is, n) => found[n] ||= is);
      // The best point, until there is one that fools.
      const isShown = isFooled.map((is, n) => is || (!found[n] && isBetter[n]!));
      losses.forEach((one, n) => best[n] = Math.max(best[n]!, one));
      history.push(losses);
      let isHalved = labels.map(() => false);
      if (++since === period) {
        isHalved = labels.map((_, n) =>
          isStuck(history.slice(-period - 1).map((row) => row[n]!)) ||
          (!checked.halved[n]! && checked.best[n]! >= best[n]!)
        );
        checked = { best: [...best], halved: isHalved };
        isHalved.forEach((is, n) => is && (sizes[n]! /= 2));
        period = Math.max(
          period - Math.max(1, Math.floor(0.03 * steps)),
          Math.floor(0.06 * steps),
          1,
        );
        since = 0;
      }
      const before = points;
      points = tf.tidy(() => {
        const best = chosen(isBetter, x, before.best);
        const bestGradient = chosen(isBetter, gradient, before.bestGradient);
        return {
          x: chosen(isHalved, best, x),
          old: tf.clone(before.x),
          gradient: chosen(isHalved, bestGradient, gradient),
          best,
          bestGradient,
          fooling: chosen(isShown, x, before.fooling),
        };
      });
      tf.dispose([...Object.values(before), x, gradient]);
    }
    return tf.clone(points.fooling);
  } finally {
    tf.dispose([...Object.values(points), labeled, both]);
  }
}

/** Whether too few steps raised the loss. */
function isStuck(losses: readonly number[]): boolean {
  const raising = losses.slice(1).filter((loss, i) => loss > losses[i]!).length;
  return raising <= RAISING * (losses.length - 1);
}

/** Of each image the first or the second. */
function chosen(isFirst: readonly boolean[], first: Tensor, second: Tensor): Tensor {
  const one = tf.tensor4d(isFirst.map(Number), [isFirst.length, 1, 1, 1]);
  return tf.add(tf.mul(first, one), tf.mul(second, tf.sub(1, one)));
}

/** A projected step, and the momentum of the one before it, projected too. */
function adaptiveStep(norm: Norm) {
  return (
    x: Tensor,
    old: Tensor,
    gradient: Tensor,
    origin: Tensor,
    sizes: Tensor,
    share: Scalar,
    epsilon: Scalar,
  ): Tensor =>
    tf.tidy(() => {
      const moved = project(
        norm,
        tf.add(x, tf.mul(steepest(norm, gradient), sizes)),
        origin,
        epsilon,
      );
      const step = tf.mul(tf.sub(moved, x), share);
      const momentum = tf.mul(tf.sub(x, old), tf.sub(1, share));
      return project(norm, tf.add(x, tf.add(step, momentum)), origin, epsilon);
    });
}
