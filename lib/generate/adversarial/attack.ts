// What attacks are given and answer, and what is the same in all of them: checks before, measures after.
import type { Network } from "../../layers/layer.ts";
import type { InputUnits } from "../../explain/input_units.ts";
import type { Tensor, Tensor2D } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { turns } from "../../tensor/turns.ts";
import { type Answers, answersTo } from "./answers.ts";
import { requirePixels, requireRequest } from "./check.ts";
import { distancesOf, type Norm } from "./norm.ts";
import { type AttackSession, attackSession, logitsPass } from "./session.ts";

/** What attacks say of each step. */
export type AttackReport = {
  /** From 0, before the step. */
  readonly step: number;
  readonly steps: number;
  /** How many images fool the network before the step. */
  readonly fooled: number;
  /** How many images there are. */
  readonly count: number;
};

/** Options of all attacks. */
export type AttackOptions = {
  /** What the network does to pixels before it sees them. Default: the session's, or nothing. */
  readonly units?: InputUnits;
  /** Called in each step; it may take its time. */
  readonly onStep?: (report: AttackReport) => void | Promise<void>;
  /** Ends the attack after the step under way; what was reached is answered. */
  readonly signal?: AbortSignal;
  /** What calls share, see `attackSession`. Default: one of the call's own. */
  readonly session?: AttackSession;
  /** Whether passes are recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** Options of attacks that can be made to end in a class. */
export type TargetedOptions = AttackOptions & {
  /** The class to be taken for, one for all or one an image. Default: any but the label. */
  readonly targets?: number | ArrayLike<number>;
};

/** What attacks answer. */
export type Attacked = {
  /** The adversarial images, pixels from 0 to 1, `[N, H, W, C]`; the caller owns them. */
  readonly images: Tensor;
  /** Whether each image fools the network: it is taken for its target, or, without, for another class than its label. */
  readonly success: readonly boolean[];
  /** How far each image is from the one it was made from, by `norm`, in pixels of 0 to 1. */
  readonly distances: readonly number[];
  /** What the distances are measured by. */
  readonly norm: Norm;
  /** The classes that the network answers to the images given, and to those made. */
  readonly labels: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** The probabilities it gives these classes, 0 to 1. */
  readonly probabilities: { readonly before: readonly number[]; readonly after: readonly number[] };
};

/** An attack under way: what methods go by. */
export type Siege = {
  readonly session: AttackSession;
  /** The images given, `[N, H, W, C]`. */
  readonly origin: Tensor;
  /** Their numbers. */
  readonly pixels: Float32Array;
  /** How many there are. */
  readonly count: number;
  readonly labels: readonly number[];
  readonly targets: readonly number[] | undefined;
  /** Targets, or labels where there are none, one-hot `[N, classes]`. */
  readonly goals: Tensor2D;
  /** 1 where the goals are to be left, −1 where they are to be reached. */
  readonly away: 1 | -1;
  /** What the network answers to the images given. */
  readonly before: Answers;
  /** Tells of a step. */
  report(step: number, steps: number, fooled: readonly boolean[]): Promise<void>;
  /** Whether the caller wants an end. */
  isOver(): boolean;
};

/** Which answers fool the network. */
export function fools(
  { labels, targets }: Pick<Siege, "labels" | "targets">,
  answered: readonly number[],
): boolean[] {
  return answered.map((label, i) => targets ? label === targets[i] : label !== labels[i]);
}

/** What is wanted of an attack, as the methods hand it on. */
export type Request<P extends Tree, S extends Tree> = {
  readonly network: Network<P, S>;
  readonly images: Tensor;
  readonly labels: ArrayLike<number>;
  readonly options: TargetedOptions;
  /** What distances are measured by. */
  readonly norm: Norm;
};

/**
 * Checks what is given, lets a method make images of it, and measures them.
 *
 * @param request network, images, labels
 * @param method makes images, which are handed over
 */
export async function besiege<P extends Tree, S extends Tree>(
  { network, images, labels, options, norm }: Request<P, S>,
  method: (siege: Siege) => Promise<Tensor>,
): Promise<Attacked> {
  const checked = requireRequest(network, images, labels, options);
  const pixels = await requirePixels(images);
  const session = options.session ?? attackSession(network, options);
  const goals = tf.tidy(() =>
    tf.oneHot(tf.tensor1d(checked.targets ?? checked.labels, "int32"), checked.classes).toFloat()
  ) as Tensor2D;
  const count = images.shape[0]!;
  const away = checked.targets ? -1 : 1;
  const answer = (x: Tensor): Promise<Answers> => answersTo(logitsPass(session)(x));
  let made: Tensor | undefined;
  try {
    const before = await answer(images);
    const given = {
      ...checked,
      session,
      origin: images,
      pixels,
      count,
      goals,
      away,
      before,
    } as const;
    made = await method({ ...given, ...watchOf(options, count) });
    const [after, numbers] = [await answer(made), await made.data()];
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

function watchOf(
  { onStep, signal }: AttackOptions,
  count: number,
): Pick<Siege, "report" | "isOver"> {
  const turn = turns();
  return {
    async report(step, steps, fooled) {
      await onStep?.({ step, steps, fooled: fooled.filter(Boolean).length, count });
      await turn();
    },
    isOver: () => signal?.aborted === true,
  };
}
