// Carlini and Wagner's attack by L2. "Towards evaluating the robustness of neural networks", IEEE
// Symposium on Security and Privacy 2017.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { disposeTree, type Tree } from "../../tensor/tree.ts";
import { type Attacked, besiege, type Siege, type TargetedOptions } from "./attack.ts";
import { beginSearch, type Search, searchOn } from "./carlini_wagner_search.ts";
import { beginningOf, beginRound, type Round, roundStep, UNFOUND } from "./carlini_wagner_round.ts";
import { requireSize, requireSteps } from "./check.ts";

/** Options of {@linkcode carliniWagner}. */
export type CarliniWagnerOptions = TargetedOptions & {
  /** How many values of c are tried, from 1. Default: 9. */
  readonly searchSteps?: number;
  /** How many steps of Adam for each, from 1. Default: 1,000, CleverHans's; Foolbox's are 10,000. */
  readonly steps?: number;
  /** Adam's learning rate, above 0. Default: 0.01. */
  readonly rate?: number;
  /** The c that is tried first, above 0. Default: 0.001. */
  readonly firstWeight?: number;
  /** κ, by how much the wrong logit must lead, at least 0. Default: 0. */
  readonly confidence?: number;
  /** Whether a value of c is given up once a tenth of its steps has brought nothing. Default: `true`. */
  readonly abortEarly?: boolean;
};

/** Options with their defaults. */
type Settings = Required<
  Pick<CarliniWagnerOptions, "searchSteps" | "steps" | "rate" | "confidence" | "abortEarly">
>;

/**
 * Carlini and Wagner's attack: the smallest change by L2 that fools the network, by Adam. It
 * minimizes ‖x − x₀‖² + c · max(0, z_y − max of the others + κ) (of a target t: max of the others −
 * z_t), over w with x = (1 + tanh w) / 2, which keeps pixels between 0 and 1; c is found by
 * binary search for each image. The defaults are Foolbox's, but for the number of steps. An
 * image that nothing fooled with is answered as it was, at distance 0, without success.
 *
 * @param network the network, which answers logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the images' classes, `[N]`
 * @param options steps, search, κ, targets, units
 * @returns images, and whom they fool; distances by L2
 * @throws {RangeError} where a class is not there, a target is its image's label, a pixel is not from 0 to 1, or an option is out of range
 * @throws {TypeError} where images, labels and targets are not equally many, or the network takes other images
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
  network: Network<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: CarliniWagnerOptions = {},
): Promise<Attacked> {
  const { searchSteps = 9, steps = 1000, rate = 0.01, firstWeight = 1e-3 } = options;
  const { confidence = 0, abortEarly = true } = options;
  requireSteps("the number of search steps", searchSteps);
  requireSteps("the number of steps", steps);
  requireSize("κ", confidence);
  for (const [name, value] of [["rate", rate], ["first weight", firstWeight]] as const) {
    if (Number.isFinite(value) && value > 0) continue;
    throw new RangeError(
      `Cannot attack: the ${name} must be finite and above 0, got ${value}`,
    );
  }
  const settings = { searchSteps, steps, rate, confidence, abortEarly };
  return await besiege(
    { network, images, labels, options, norm: "l2" },
    (siege) => search(siege, settings, firstWeight),
  );
}

/** Round after round, each with the weights that the last one left. */
async function search(siege: Siege, settings: Settings, firstWeight: number): Promise<Tensor> {
  const { count, origin } = siege;
  const lengths = tf.fill([count, 1, 1, 1], UNFOUND);
  const start = beginningOf(siege);
  let best = { images: tf.clone(origin) as Tensor, lengths: lengths as Tensor };
  let state: Search = beginSearch(count, firstWeight);
  try {
    for (let i = 0; i < settings.searchSteps && !siege.isOver(); i++) {
      const ended = await descend(
        { siege, settings, start, number: i },
        beginRound(siege, best),
        state.weights,
      );
      best = ended.best;
      state = searchOn(state, ended.found, i === settings.searchSteps - 2);
    }
    return best.images;
  } catch (error) {
    best.images.dispose();
    throw error;
  } finally {
    tf.dispose([best.lengths, start]);
  }
}

/** Numbers are read, and the caller is told, at each of these steps. */
const STEPS_A_LOOK = 10;

/** The steps of one value of c. */
async function descend(
  { siege, settings, start, number }: {
    readonly siege: Siege;
    readonly settings: Settings;
    readonly start: Tensor;
    readonly number: number;
  },
  first: Round,
  weights: readonly number[],
): Promise<{ readonly best: Round["best"]; readonly found: boolean[] }> {
  const { steps, searchSteps, confidence, abortEarly, rate } = settings;
  const step = roundStep(siege, rate);
  const c = tf.tensor4d([...weights], [siege.count, 1, 1, 1]);
  const patience = Math.ceil(steps / 10);
  let round = first;
  let lastLoss = Infinity;
  for (let i = 0; i < steps && !siege.isOver(); i++) {
    const next = step(round, start, siege.origin, siege.goals, c, siege.away, confidence);
    round = next.round;
    const isCheck = abortEarly && i % patience === 0;
    if (isCheck || i % STEPS_A_LOOK === 0) {
      const [loss] = await next.loss.data();
      const found = await round.best.lengths.data();
      await siege.report(
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
