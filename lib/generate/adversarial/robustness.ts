// Accuracy under attack: what is left of a network's accuracy for each size of change.
import { batches } from "../../data/dataset.ts";
import type { Examples } from "../../data/examples.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { answersTo } from "./answers.ts";
import type { Attacked, AttackOptions } from "./attack.ts";
import { requireSize } from "./check.ts";
import type { Norm } from "./norm.ts";
import {
  type AttackSession,
  attackSession,
  type AttackSessionOptions,
  logitsPass,
} from "./session.ts";

/**
 * An attack on a batch within ε, as `fgsm`, `bim` and `pgd` are; or one, such as `deepFool` and
 * `carliniWagner`, that seeks the smallest change and does not look at ε.
 */
export type Attack<P extends Tree = Tree, S extends Tree = Tree> = (
  network: Network<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: AttackOptions & { readonly epsilon: number },
) => Promise<Attacked>;

/** What {@linkcode robustness} says as it goes on. */
export type RobustnessReport = {
  /** Attacks on a batch that are done. */
  readonly done: number;
  readonly total: number;
};

/** Options of {@linkcode robustness}. */
export type RobustnessOptions = AttackSessionOptions & {
  /** Examples at a time. Default: 64, or all where there are fewer. */
  readonly batchSize?: number;
  /** Whether the attack seeks the smallest change: it is made once, and its distances say what each ε leaves. Default: `false`. */
  readonly isMinimal?: boolean;
  /** Called after each attack on a batch. */
  readonly onProgress?: (report: RobustnessReport) => void;
  /** Ends it after the batch under way; what is answered is of the batches that are done. */
  readonly signal?: AbortSignal;
};

/** Accuracy under attack. */
export type Robustness = {
  /** What ε is measured by. */
  readonly norm: Norm;
  /** How many examples were attacked. */
  readonly count: number;
  /** Share of examples that the network has right without an attack, 0 to 1. */
  readonly accuracy: number;
  /** For each ε the share of examples that the network has right without an attack and with one, 0 to 1. */
  readonly points: readonly { readonly epsilon: number; readonly accuracy: number }[];
};

/**
 * Attacks a data set with each ε, and counts what the network still has right. An example that
 * it has wrong without an attack counts as wrong whatever the attack makes of it.
 *
 * @param network the network, which answers logits
 * @param examples the data set
 * @param attack the attack, `pgd` or a function that calls one with options
 * @param epsilons the sizes of change, at least one, each at least 0
 * @param options batch size, units, progress
 * @returns accuracies; the curve of them is drawn by `robustnessSvg`
 * @throws {RangeError} where an ε is below 0, or there is none; and the signal's reason where it ended before a batch was done
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fgsm, robustness } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const examples = {
 *   name: "one gray picture",
 *   images: new Uint8Array(784).fill(128),
 *   labels: new Uint8Array([3]),
 *   imageShape: [28, 28, 1],
 *   classNames: [..."0123456789"],
 * } as const;
 * const { points, count } = await robustness(network, examples, fgsm, [0, 0.1]);
 * assertEquals([points.map(({ epsilon }) => epsilon), count], [[0, 0.1], 1]);
 * ```
 */
export async function robustness<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples,
  attack: Attack<P, S>,
  epsilons: readonly number[],
  options: RobustnessOptions = {},
): Promise<Robustness> {
  requireEpsilons(epsilons);
  const { onProgress, signal } = options;
  const session = attackSession(network, options);
  const batchSize = Math.min(options.batchSize ?? 64, examples.labels.length);
  const data = batches(examples, { batchSize });
  // Nothing need be tried of changes of size 0; what seeks the smallest change does not look at ε.
  const tried = options.isMinimal ? [NaN] : epsilons.filter((epsilon) => epsilon > 0);
  const trials: Trial[] = [];
  let done = 0;
  const onTrial = (): void => onProgress?.({ done: ++done, total: data.batchCount * tried.length });
  try {
    for await (const { images, labels, classes } of data) {
      labels.dispose();
      const batch = { network, session, images, classes, attack, tried, onTrial };
      try {
        trials.push(...await tryAll(batch, signal));
      } finally {
        images.dispose();
      }
      if (signal?.aborted) break;
    }
  } finally {
    session.dispose();
  }
  if (trials.length === 0) throw signal!.reason;
  return summaryOf(trials, epsilons, tried);
}

/** What became of one example. */
type Trial = {
  /** Whether the network has it right without an attack. */
  readonly isRight: boolean;
  /** By each ε that was tried, whether it has it right with one, and how far the image is. */
  readonly attacks: readonly { readonly isRight: boolean; readonly distance: number }[];
  readonly norm: Norm;
};

/** Attacks a batch with each ε; answers nothing of a batch that the signal ended. */
async function tryAll<P extends Tree, S extends Tree>(
  { network, session, images, classes, attack, tried, onTrial }: {
    readonly network: Network<P, S>;
    readonly session: AttackSession;
    readonly images: Tensor;
    readonly classes: ArrayLike<number>;
    readonly attack: Attack<P, S>;
    readonly tried: readonly number[];
    readonly onTrial: () => void;
  },
  signal: AbortSignal | undefined,
): Promise<Trial[]> {
  const { labels } = await answersTo(logitsPass(session)(images));
  const attacked: Attacked[] = [];
  for (const epsilon of tried) {
    const options = { epsilon, session, ...(signal && { signal }) };
    const found = await attack(network, images, classes, options);
    found.images.dispose();
    if (signal?.aborted) return [];
    attacked.push(found);
    onTrial();
  }
  return labels.map((label, i) => ({
    isRight: label === classes[i],
    attacks: attacked.map(({ labels, distances }) => ({
      isRight: labels.after[i] === classes[i],
      distance: distances[i]!,
    })),
    norm: attacked[0]?.norm ?? "linf",
  }));
}

function summaryOf(
  trials: readonly Trial[],
  epsilons: readonly number[],
  tried: readonly number[],
): Robustness {
  const share = (isRight: (trial: Trial) => boolean): number =>
    trials.filter((trial) => trial.isRight && isRight(trial)).length / trials.length;
  const isMinimal = Number.isNaN(tried[0]);
  const accuracyAt = (epsilon: number): number =>
    share(({ attacks }) => {
      if (epsilon === 0) return true;
      const { isRight, distance } = attacks[isMinimal ? 0 : tried.indexOf(epsilon)]!;
      return isRight || (isMinimal && distance > epsilon);
    });
  return {
    norm: trials[0]!.norm,
    count: trials.length,
    accuracy: share(() => true),
    points: epsilons.map((epsilon) => ({ epsilon, accuracy: accuracyAt(epsilon) })),
  };
}

function requireEpsilons(epsilons: readonly number[]): void {
  epsilons.forEach((epsilon) => requireSize("ε", epsilon));
  if (epsilons.length > 0) return;
  throw new RangeError(
    "Cannot measure robustness: there must be an ε, got none",
  );
}
