// Square attack: random squares of the image are changed, by the network's outputs alone.
import type { ImageNetwork } from "../../explain/input_pixels.ts";
import { type Key, key as keyOf } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import type { AttackResult, TargetedOptions } from "./attack.ts";
import { requireNonNegative } from "./check.ts";
import { otherLogit } from "./margin_losses.ts";
import { type Norm, requireNorm } from "./norm.ts";
import { readPredictions } from "./predictions.ts";
import { type AttackRun, fools, runAttack } from "./run_attack.ts";
import { logitsPass } from "./session.ts";
import { SQUARES } from "./square_windows.ts";
import { FGSM_OPTIONS } from "./projected_gradient.ts";

/** Options of {@linkcode squareAttack}. */
export type SquareAttackOptions = TargetedOptions & {
  /** ε, the radius of the ball around each image, in pixels from 0 to 1; at least 0. */
  readonly epsilon: number;
  /** The ball's norm. Default: `"linf"`. */
  readonly norm?: Norm;
  /** How many images are shown to the network, from 1. Default: 5,000, as in AutoAttack. */
  readonly steps?: number;
  /** The share of the image's pixels that the first squares have, above 0 to 1. Default: 0.8. */
  readonly share?: number;
  /** The source of the squares. Default: `key(0)`. */
  readonly key?: Key;
};

/**
 * The square attack, which needs no gradient: a change of a square at a random place is kept if the
 * margin of the label falls. By L∞ vertical stripes of ±ε are the beginning, and a square is shifted
 * by ±2ε within the ball, in each channel by itself. By L2 it is a mosaic of peaks, and the change's
 * length is taken from one square and given to another one, with a peak added. Squares become smaller
 * with time. Images that fool are left alone, and the search ends when all do.
 *
 * Andriushchenko, Croce, Flammarion and Hein, "Square Attack: a query-efficient black-box adversarial
 * attack via random search", ECCV 2020, with AutoAttack's numbers.
 *
 * @param network the network, which outputs logits
 * @param images pixels from 0 to 1, `[N, H, W, C]`
 * @param labels the classes of the images, `[N]`
 * @param options ε, norm, steps, share, targets, preprocessing, key
 * @returns the adversarial images, and which of them succeed
 * @throws {RangeError} as `fgsm`, and if steps or share are out of their range
 * @throws {TypeError} as `fgsm`
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { squareAttack } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const gray = tf.fill([1, 28, 28, 1], 0.5);
 * const { distances } = await squareAttack(network, gray, [3], { epsilon: 0.1, steps: 5 });
 * assert(distances[0]! <= 0.1 + 1e-6);
 * ```
 */
export async function squareAttack<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  images: Tensor,
  labels: ArrayLike<number>,
  options: SquareAttackOptions,
): Promise<AttackResult> {
  requireOptions("attack", options, { ...FGSM_OPTIONS, steps: true, share: true, key: true });
  const { epsilon, norm = "linf", steps = 5000, share = 0.8, key = keyOf(0) } = options;
  requireNonNegative("ε", epsilon);
  requireNorm(norm);
  requireWhole("attack", "the number of steps", steps);
  requireRange("attack", "the share must be above 0 and at most 1", share > 0 && share <= 1, share);
  return await runAttack(
    { network, images, labels, options, norm },
    (run) => search(run, { epsilon, norm, steps, share, key }),
  );
}

type Search = Required<Pick<SquareAttackOptions, "epsilon" | "norm" | "steps" | "share" | "key">>;

/** From which of 10,000 steps on the squares' area is halved once more. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/**
 * The side of the squares at a step.
 *
 * @param progress the share of steps that are done
 */
export function squareSide(
  progress: number,
  share: number,
  height: number,
  width: number,
): number {
  const halvings = HALVINGS.filter((step) => Math.floor(progress * 10_000) > step).length;
  const side = Math.round(Math.sqrt(share / 2 ** halvings * height * width));
  return Math.max(1, Math.min(side, height, width));
}

async function search(
  run: AttackRun,
  { epsilon, norm, steps, share, key }: Search,
): Promise<Tensor> {
  const { origin, pixels, count, labels, targets, session } = run;
  const [, height, width, channels] = origin.shape as [number, number, number, number];
  const size = height * width * channels;
  const images = { origin: pixels, height, width, channels };
  const squares = SQUARES[norm](images, epsilon, key);
  const logitsAt = logitsPass(session);
  const judge = async (all: Float32Array): Promise<{ margins: number[]; fooled: boolean[] }> => {
    const x = tf.tensor(all, origin.shape);
    const found = await readPredictions(logitsAt(x));
    x.dispose();
    const classes = found.logits.length / count;
    const margins = labels.map((label, i) => {
      const own = found.logits.subarray(i * classes, (i + 1) * classes);
      return own[label]! - otherLogit(own, label, targets?.[i]);
    });
    return { margins, fooled: fools(run, found.labels) };
  };
  const isFooled = fools(run, run.before.labels);
  const best = Float32Array.from(pixels);
  isFooled.forEach((is, image) => is || squares.begin(best, image));
  let { margins, fooled } = await judge(best);
  fooled.forEach((is, i) => isFooled[i] ||= is);
  for (let step = 0; step < steps && !run.isOver() && !isFooled.every(Boolean); step++) {
    await run.report(step, steps, isFooled);
    const tried = best.slice();
    const side = squareSide(step / steps, share, height, width);
    isFooled.forEach((is, image) => is || squares.move(tried, best, image, step, side));
    const found = await judge(tried);
    margins = margins.map((margin, image) => {
      if (isFooled[image] || !(found.margins[image]! < margin || found.fooled[image])) {
        return margin;
      }
      best.set(tried.subarray(image * size, (image + 1) * size), image * size);
      return found.margins[image]!;
    });
    found.fooled.forEach((is, i) => isFooled[i] ||= is);
  }
  return tf.tensor(best, origin.shape);
}
