// AutoAttack: one attack after the other, each on the images that withstood those before it.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import { fold, type Key, key as keyOf } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { ATTACK_OPTIONS, type AttackOptions, type AttackResult } from "./attack.ts";
import { autoPgd } from "./auto_pgd.ts";
import { requireNonNegative } from "./check.ts";
import { type Norm, requireNorm } from "./norm.ts";
import { fools, runAttack } from "./run_attack.ts";
import { squareAttack } from "./square_attack.ts";

/** Options of {@linkcode autoAttack}. */
export type AutoAttackOptions = AttackOptions & {
  /** ε, the radius of the ball around each image, in pixels from 0 to 1; at least 0. */
  readonly epsilon: number;
  /** The ball's norm. Default: `"linf"`. */
  readonly norm?: Norm;
  /** Steps of each Auto-PGD, from 1. Default: 100. */
  readonly steps?: number;
  /** Images that the square attack shows to the network, from 1. Default: 5,000. */
  readonly queries?: number;
  /** How many of the most probable other classes are aimed at, from 1. Default: 9, or all there are. */
  readonly goals?: number;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
};

/** What {@linkcode autoAttack} returns. */
export type AutoAttackResult = AttackResult & {
  /** The attack that fooled the network for each image; `null` if none did, or it was wrong before. */
  readonly by: readonly (string | null)[];
};

/**
 * AutoAttack: Auto-PGD by cross-entropy, Auto-PGD by the difference of logits ratio toward each of the
 * most probable other classes, and the square attack, each on the images that withstood those before
 * it. An image that is withstood by all is as it was. The ratio needs four classes; of three it goes
 * away from the label, of two it is left out. The fourth attack of the paper, FAB, is not among them:
 * it looks for the smallest change, as {@linkcode deepFool} and {@linkcode carliniWagner} do.
 *
 * Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
 * parameter-free attacks", ICML 2020.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options ε, norm, steps, queries, goals, preprocessing, key
 * @returns the adversarial images, which of them succeed, and by which attack
 * @throws {RangeError} as `autoPgd` and `squareAttack`
 * @throws {TypeError} as `fgsm`
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { autoAttack } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const options = { epsilon: 0.1, steps: 3, queries: 3, goals: 1 };
 * const { success, by } = await autoAttack(network, gray, [3], options);
 * assert(success[0] ? by[0] !== undefined : by[0] === null);
 * ```
 */
export async function autoAttack<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: AutoAttackOptions,
): Promise<AutoAttackResult> {
  requireOptions("attack", options, {
    ...ATTACK_OPTIONS,
    epsilon: true,
    norm: true,
    steps: true,
    queries: true,
    goals: true,
    key: true,
  });
  const {
    epsilon,
    norm = "linf",
    steps = 100,
    queries = 5000,
    goals = 9,
    key = keyOf(0),
    onStep: _,
    ...shared
  } = options;
  requireNonNegative("ε", epsilon);
  requireNorm(norm);
  requireWhole("attack", "the number of steps", steps);
  requireWhole("attack", "the queries of the square attack", queries);
  requireWhole("attack", "the classes that are aimed at", goals);
  const by: (string | null)[] = Array.from(labels, () => null);
  const result = await runAttack({ network, images, labels, options, norm }, async (run) => {
    const { session, pixels, count, before } = run;
    const fooled = fools(run, before.labels);
    const classes = before.logits.length / count;
    const size = pixels.length / count;
    const made = Float32Array.from(pixels);
    const others = ranked(before.logits, run.labels, classes);
    const within = { ...shared, session, epsilon, norm };
    const goalCount = Math.min(goals, classes - 1);
    const ratio: readonly Attack[] = classes === 3
      ? [[
        "apgd-dlr",
        (x, own) =>
          autoPgd(network, x, own, { ...within, steps, loss: "dlr", key: fold(key, "dlr") }),
      ]]
      : classes < 3
      ? []
      : Array.from(
        { length: goalCount },
        (_, goal): Attack => ["apgd-t", (x, own, at) =>
          autoPgd(network, x, own, {
            ...within,
            steps,
            loss: "dlr",
            targets: at.map((i) => others[i]![goal]!),
            key: fold(fold(key, "goal"), goal),
          })],
      );
    const attacks: readonly Attack[] = [
      ["apgd-ce", (x, own) => autoPgd(network, x, own, { ...within, steps, key: fold(key, "ce") })],
      ...ratio,
      [
        "square",
        (x, own) =>
          squareAttack(network, x, own, { ...within, steps: queries, key: fold(key, "square") }),
      ],
    ];
    for (const [turn, [name, attack]] of attacks.entries()) {
      await run.report(turn, attacks.length, fooled);
      const at = fooled.flatMap((is, i) => is ? [] : [i]);
      if (at.length === 0 || run.isOver()) break;
      const x = tf.tidy(() => tf.gather(images, tf.tensor1d(at, "int32")));
      try {
        const found = await attack(x, at.map((i) => run.labels[i]!), at);
        const values = await found.images.data().finally(() => found.images.dispose());
        at.forEach((i, n) => {
          // Toward a target, another class than the label is as good.
          if (found.labels.after[n] === run.labels[i]) return;
          made.set(values.subarray(n * size, (n + 1) * size) as Float32Array, i * size);
          fooled[i] = true;
          by[i] = name;
        });
      } finally {
        x.dispose();
      }
    }
    return tf.tensor(made, images.shape);
  });
  return { ...result, by };
}

/** An attack by its name, on some of the images. */
type Attack = readonly [
  name: string,
  run: (x: Tensor, labels: number[], at: readonly number[]) => Promise<AttackResult>,
];

/** The other classes of each image, the most probable first. */
function ranked(logits: ArrayLike<number>, labels: readonly number[], classes: number): number[][] {
  return labels.map((label, i) =>
    Array.from({ length: classes }, (_, c) => c).filter((c) => c !== label)
      .sort((a, b) => logits[i * classes + b]! - logits[i * classes + a]!)
  );
}
