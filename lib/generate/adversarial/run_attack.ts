// What is the same in all attacks: checks before, measures after.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import type { Tensor, Tensor2D } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { turns } from "../../tensor/turns.ts";
import type { AttackResult, TargetedOptions } from "./attack.ts";
import { requireAttackable, requirePixels } from "./check.ts";
import { distancesOf, type Norm } from "./norm.ts";
import { type Predictions, readPredictions } from "./predictions.ts";
import { type AttackSession, attackSession, logitsPass } from "./session.ts";

/** A running attack, as the methods see it. */
export type AttackRun = {
  readonly session: AttackSession;
  /** The original images, `[N, H, W, C]`. */
  readonly origin: Tensor;
  /** Their pixels on the host. */
  readonly pixels: Float32Array;
  /** How many there are. */
  readonly count: number;
  readonly labels: readonly number[];
  readonly targets: readonly number[] | undefined;
  /** Targets, or labels without targets, one-hot `[N, classes]`. */
  readonly goals: Tensor2D;
  /** 1 if the goals are to be left, −1 if they are to be reached. */
  readonly away: 1 | -1;
  /** The predictions for the original images. */
  readonly before: Predictions;
  /** Reports a step. */
  report(step: number, steps: number, fooled: readonly boolean[]): Promise<void>;
  /** Whether the caller wants an end. */
  isOver(): boolean;
};

/** Which predictions are wrong, or of the target if there is one. */
export function fools(
  { labels, targets }: Pick<AttackRun, "labels" | "targets">,
  predicted: readonly number[],
): boolean[] {
  return predicted.map((label, i) => targets ? label === targets[i] : label !== labels[i]);
}

/** The arguments of an attack. */
export type AttackRequest<P extends Tree, S extends Tree> = {
  readonly network: ImageNetwork<P, S>;
  readonly images: Tensor;
  readonly labels: ArrayLike<number>;
  readonly options: TargetedOptions;
  /** The norm of the distances. */
  readonly norm: Norm;
};

/** Checks the arguments, lets a method make images, and measures them. */
export async function runAttack<P extends Tree, S extends Tree>(
  { network, images, labels, options, norm }: AttackRequest<P, S>,
  method: (run: AttackRun) => Promise<Tensor>,
): Promise<AttackResult> {
  const checked = requireAttackable(network, images, labels, options);
  const pixels = await requirePixels(images);
  const { preprocessing, jit } = options;
  const session = options.session ?? attackSession(network, { preprocessing, jit });
  const goals = tf.tidy(() =>
    tf.oneHot(tf.tensor1d(checked.targets ?? checked.labels, "int32"), checked.classes).toFloat()
  ) as Tensor2D;
  const count = images.shape[0]!;
  const predict = (x: Tensor): Promise<Predictions> => readPredictions(logitsPass(session)(x));
  const turn = turns();
  let made: Tensor | undefined;
  try {
    const before = await predict(images);
    made = await method({
      ...checked,
      session,
      origin: images,
      pixels,
      count,
      goals,
      away: checked.targets ? -1 : 1,
      before,
      async report(step, steps, fooled) {
        const { length } = fooled.filter(Boolean);
        await options.onStep?.({ step, steps, fooled: length, count });
        await turn();
      },
      isOver: () => options.signal?.aborted === true,
    });
    const [after, numbers] = await Promise.all([predict(made), made.data()]);
    return {
      images: made,
      success: fools(checked, after.labels),
      distances: distancesOf(numbers, pixels, count, norm),
      norm,
      labels: { before: before.labels, after: after.labels },
      probabilities: { before: before.probabilities, after: after.probabilities },
    };
  } catch (error) {
    made?.dispose();
    throw error;
  } finally {
    goals.dispose();
    if (!options.session) session.dispose();
  }
}
