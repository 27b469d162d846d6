// Accuracy under attack, for each size of change.
import { batches } from "../../data/dataset.ts";
import type { Examples } from "../../data/examples.ts";
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireRange } from "../../text/require.ts";
import type { AttackOptions, AttackResult } from "./attack.ts";
import { requireNonNegative } from "./check.ts";
import type { Norm } from "./norm.ts";
import { readPredictions } from "./predictions.ts";
import {
  type AttackSession,
  attackSession,
  type AttackSessionOptions,
  logitsPass,
} from "./session.ts";

/**
 * An attack on a batch within ε, such as `fgsm`, `bim` and `pgd`, or one that seeks the smallest
 * change and takes no ε, such as `deepFool` and `carliniWagner`.
 */
export type Attack<P extends Tree = Tree, S extends Tree = Tree> = (
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: AttackOptions & { readonly epsilon: number },
) => Promise<AttackResult>;

/** The progress of {@linkcode robustness}. */
export type RobustnessReport = {
  /** Attacks on a batch so far. */
  readonly done: number;
  readonly total: number;
};

/** Options of {@linkcode robustness}. */
export type RobustnessOptions = AttackSessionOptions & {
  /** Examples per batch. Default: 64, or all if there are fewer. */
  readonly batchSize?: number;
  /** Whether the attack seeks the smallest change: it runs once, without ε, and its distances decide for each ε. Default: `false`. */
  readonly isMinimal?: boolean;
  /** Called after each attack on a batch. */
  readonly onProgress?: (report: RobustnessReport) => void;
  /** Stops after the current batch; the result is of the batches that are done. */
  readonly signal?: AbortSignal;
};

/** Accuracy under attack. */
export type Robustness = {
  /** The norm of ε. */
  readonly norm: Norm;
  /** How many examples were attacked. */
  readonly count: number;
  /** Share of examples that are classified correctly without an attack, 0 to 1. */
  readonly accuracy: number;
  /** For each ε the share of examples that are classified correctly without an attack and with one, 0 to 1. */
  readonly points: readonly { readonly epsilon: number; readonly accuracy: number }[];
};

/**
 * Attacks a data set with each ε, and measures the accuracy that is left. An example that is
 * misclassified without an attack counts as wrong in any case.
 *
 * @param network the network, which outputs logits
 * @param examples the data set
 * @param attack the attack, such as `pgd`, or a function that calls one with options
 * @param epsilons the sizes of change, at least one, each at least 0
 * @param options batch size, preprocessing, progress
 * @returns accuracies; `robustnessSvg` draws their curve
 * @throws {RangeError} if an ε is below 0, or there is none
 * @throws the signal's reason, if it stops before a batch is done
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
  network: ImageNetwork<P, S>,
  examples: Examples,
  attack: Attack<P, S>,
  epsilons: readonly number[],
  options: RobustnessOptions = {},
): Promise<Robustness> {
  requireOptions("measure robustness", options, {
    preprocessing: true,
    jit: true,
    batchSize: true,
    isMinimal: true,
    onProgress: true,
    signal: true,
  });
  requireEpsilons(epsilons);
  const { onProgress, signal, preprocessing, jit } = options;
  const session = attackSession(network, { preprocessing, jit });
  const batchSize = Math.min(options.batchSize ?? 64, examples.labels.length);
  const data = batches(examples, { batchSize });
  // Changes of size 0 need no attack; what seeks the smallest change takes no ε.
  const tried = options.isMinimal ? [undefined] : epsilons.filter((epsilon) => epsilon > 0);
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

/** What is tried: sizes of changes, or one attack that knows none. */
type Tried = readonly (number | undefined)[];

/** The results of one example. */
type Trial = {
  /** Whether it is classified correctly without an attack. */
  readonly isRight: boolean;
  /** For each ε that was tried, whether it is classified correctly, and the distance of the image. */
  readonly attacks: readonly { readonly isRight: boolean; readonly distance: number }[];
  readonly norm: Norm;
};

/** Attacks a batch with each ε; returns nothing for a batch that the signal stopped. */
async function tryAll<P extends Tree, S extends Tree>(
  { network, session, images, classes, attack, tried, onTrial }: {
    readonly network: ImageNetwork<P, S>;
    readonly session: AttackSession;
    readonly images: Tensor;
    readonly classes: ArrayLike<number>;
    readonly attack: Attack<P, S>;
    readonly tried: Tried;
    readonly onTrial: () => void;
  },
  signal: AbortSignal | undefined,
): Promise<Trial[]> {
  const { labels } = await readPredictions(logitsPass(session)(images));
  const attacked: AttackResult[] = [];
  for (const epsilon of tried) {
    // What seeks the smallest change knows no ε.
    const within = (epsilon === undefined ? {} : { epsilon }) as { readonly epsilon: number };
    const options = { ...within, session, ...(signal && { signal }) };
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
  tried: Tried,
): Robustness {
  const share = (isRight: (trial: Trial) => boolean): number =>
    trials.filter((trial) => trial.isRight && isRight(trial)).length / trials.length;
  const isMinimal = tried.includes(undefined);
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
  epsilons.forEach((epsilon) => requireNonNegative("ε", epsilon));
  requireRange("measure robustness", "there must be an ε", epsilons.length > 0, "none");
}
