// Carlini and Wagner's attack by L2.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { disposeTree, type Tree } from "../../tensor/tree.ts";
import { requireOptions, requirePositive, requireWhole } from "../../text/require.ts";
import { ATTACK_OPTIONS, type AttackResult, type TargetedOptions } from "./attack.ts";
import { beginRound, initialW, type Round, roundStep, UNFOUND } from "./carlini_wagner_round.ts";
import { requireNonNegative } from "./check.ts";
import { type AttackRun, runAttack } from "./run_attack.ts";

/** Options of {@linkcode carliniWagner}. */
export type CarliniWagnerOptions = TargetedOptions & {
  /** How many values of c are tried, from 1. Default: 9. */
  readonly searchSteps?: number;
  /** How many steps of Adam for each, from 1. Default: 1,000, as in CleverHans; Foolbox takes 10,000. */
  readonly steps?: number;
  /** Adam's learning rate, above 0. Default: 0.01. */
  readonly rate?: number;
  /** The first value of c, above 0. Default: 0.001. */
  readonly firstWeight?: number;
  /** κ, the margin of the wrong logit, at least 0. Default: 0. */
  readonly confidence?: number;
  /** Whether a value of c is given up after a tenth of its steps without progress. Default: `true`. */
  readonly abortEarly?: boolean;
};

/** Options with their defaults. */
type Settings = Required<
  Pick<CarliniWagnerOptions, "searchSteps" | "steps" | "rate" | "confidence" | "abortEarly">
>;

/**
 * Carlini and Wagner's attack: the smallest change by L2 that fools the network, by Adam. It
 * minimizes ‖x − x₀‖² + c · max(0, z_y − max of the others + κ) (for a target t: max of the others −
 * z_t), over w with x = (1 + tanh w) / 2, which keeps pixels between 0 and 1; c is found by binary
 * search for each image. The defaults are those of Foolbox, except for the number of steps. An image
 * that nothing fooled with is returned as it was, at distance 0, without success.
 *
 * Carlini and Wagner, "Towards evaluating the robustness of neural networks", IEEE Symposium on
 * Security and Privacy 2017.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options steps, search, κ, targets, preprocessing
 * @returns the adversarial images, and which of them succeed; distances by L2
 * @throws {RangeError} if a class is not there, a target is its image's label, a pixel is not from 0
 * to 1, or an option is out of its range
 * @throws {TypeError} if images, labels and targets are not equally many, or the network takes other
 * images
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { carliniWagner } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const options = { targets: 7, steps: 20, searchSteps: 1, firstWeight: 10 };
 * assertEquals((await carliniWagner(network, gray, [3], options)).labels.after, [7]);
 * ```
 */
export async function carliniWagner<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: CarliniWagnerOptions = {},
): Promise<AttackResult> {
  requireOptions("attack", options, {
    ...ATTACK_OPTIONS,
    targets: true,
    searchSteps: true,
    steps: true,
    rate: true,
    firstWeight: true,
    confidence: true,
    abortEarly: true,
  });
  const { searchSteps = 9, steps = 1000, rate = 0.01, firstWeight = 1e-3 } = options;
  const { confidence = 0, abortEarly = true } = options;
  requireWhole("attack", "the number of search steps", searchSteps);
  requireWhole("attack", "the number of steps", steps);
  requireNonNegative("κ", confidence);
  requirePositive("attack", "the rate", rate);
  requirePositive("attack", "the first weight", firstWeight);
  const settings = { searchSteps, steps, rate, confidence, abortEarly };
  return await runAttack(
    { network, images, labels, options, norm: "l2" },
    (run) => search(run, settings, firstWeight),
  );
}

/** The binary search for c, for each image by itself. */
type Search = {
  /** The next weights. */
  readonly weights: readonly number[];
  /** The largest that failed. */
  readonly low: readonly number[];
  /** The smallest that fooled; `Infinity` before there is one. */
  readonly high: readonly number[];
};

/** The largest weight. */
const MOST = 1e10;

/**
 * The next weights: halfway between what failed and what fooled; ten times as much if nothing fooled
 * yet; and, for the last round, what fooled, so that it is not in vain.
 */
function nextSearch(search: Search, found: readonly boolean[], isLast: boolean): Search {
  const high = search.weights.map((c, i) =>
    found[i] ? Math.min(c, search.high[i]!) : search.high[i]!
  );
  const low = search.weights.map((c, i) => found[i] ? search.low[i]! : Math.max(c, search.low[i]!));
  const weights = search.weights.map((c, i) => {
    if (high[i] === Infinity) return Math.min(10 * c, MOST);
    return isLast ? high[i]! : (low[i]! + high[i]!) / 2;
  });
  return { weights, low, high };
}

/** Round after round, each with the next weights. */
async function search(run: AttackRun, settings: Settings, firstWeight: number): Promise<Tensor> {
  const { count, origin } = run;
  const lengths = tf.fill([count, 1, 1, 1], UNFOUND);
  const start = initialW(run);
  let best = { images: tf.clone(origin) as Tensor, lengths: lengths as Tensor };
  const all = (value: number): number[] => Array(count).fill(value);
  let state: Search = { weights: all(firstWeight), low: all(0), high: all(Infinity) };
  try {
    for (let i = 0; i < settings.searchSteps && !run.isOver(); i++) {
      const round = beginRound(run, best);
      const ended = await descend({ run, settings, start, number: i }, round, state.weights);
      best = ended.best;
      state = nextSearch(state, ended.found, i === settings.searchSteps - 2);
    }
    return best.images;
  } catch (error) {
    best.images.dispose();
    throw error;
  } finally {
    tf.dispose([best.lengths, start]);
  }
}

/** Steps between two reports. */
const STEPS_PER_REPORT = 10;

/** The steps of one value of c. */
async function descend(
  { run, settings, start, number }: {
    readonly run: AttackRun;
    readonly settings: Settings;
    readonly start: Tensor;
    readonly number: number;
  },
  first: Round,
  weights: readonly number[],
): Promise<{ readonly best: Round["best"]; readonly found: boolean[] }> {
  const { steps, searchSteps, confidence, abortEarly, rate } = settings;
  const step = roundStep(run, rate);
  const c = tf.tensor4d([...weights], [run.count, 1, 1, 1]);
  const patience = Math.ceil(steps / 10);
  let round = first;
  let lastLoss = Infinity;
  for (let i = 0; i < steps && !run.isOver(); i++) {
    const next = step(round, start, run.origin, run.goals, c, run.away, confidence);
    round = next.round;
    const isCheck = abortEarly && i % patience === 0;
    if (isCheck || i % STEPS_PER_REPORT === 0) {
      const [[loss], found] = await Promise.all([
        next.loss.data(),
        round.best.lengths.data(),
      ]);
      await run.report(
        number * steps + i,
        searchSteps * steps,
        Array.from(found, (length) => length < UNFOUND),
      );
      if (isCheck && !(loss! <= 0.9999 * lastLoss)) {
        next.loss.dispose();
        break;
      }
      if (isCheck) lastLoss = loss!;
    }
    next.loss.dispose();
  }
  const found = Array.from(await round.found.data(), Boolean);
  disposeTree(round.optimizer);
  tf.dispose([round.change, round.found, c]);
  return { best: round.best, found };
}
