// Mixed precision: losses are scaled so that gradients fit into float16, and steps that overflow skipped.
import { requireFloat16 } from "../device/float16.ts";
import { type Optimizer, stepWith } from "../optimizers/optimizer.ts";
import { keep, type LossScale, nextScale, unscale } from "../tensor/mixed_precision.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { isTensor, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { requireOneOf, requirePositive, requireRange } from "../text/require.ts";

/**
 * What a step computes with: `"float32"`, or `"mixed"`, float16 storage of activations, their
 * gradients and a copy of the weights, with sums, parameters and the optimizer in float32.
 */
export type Precision = "float32" | "mixed";

/** The names of precisions. */
export const PRECISIONS: readonly Precision[] = ["float32", "mixed"];

/** The precision of training steps. */
export type PrecisionOptions = {
  /**
   * `"mixed"` halves the memory of activations and weights in a step: see the page on training.
   * WebGPU on an adapter with `shader-f16` only. Default: `"float32"`.
   */
  readonly precision?: Precision;
  /**
   * In mixed precision, what the loss is multiplied by on the way back, above 0, so that small
   * gradients do not vanish in float16. Default: dynamic, from 65536; halved when a gradient
   * overflows, doubled after 2000 steps in which none did.
   */
  readonly lossScale?: number;
};

/** GradScaler's numbers, in PyTorch's torch.amp. */
const INITIAL_SCALE = 65536;
const GROWTH_INTERVAL = 2000;

/** Steps that may overflow one after another: a scale that was too large has been halved often enough. */
const MOST_SKIPPED = 30;

/**
 * Checks precision and loss scale.
 *
 * @param action what is to be done with them, `fit`
 * @throws {RangeError} if one is none, or a loss scale is given for float32
 * @throws {DeviceError} if there is no float16
 */
export function requirePrecision(
  action: string,
  { precision = "float32", lossScale }: PrecisionOptions,
): void {
  requireOneOf(action, "the precision", PRECISIONS, precision);
  if (lossScale !== undefined) {
    requirePositive(action, "the lossScale", lossScale);
    requireRange(
      action,
      'a lossScale must come with precision "mixed"',
      precision === "mixed",
      precision,
    );
  }
  if (precision === "mixed") requireFloat16(action);
}

/** The optimizer of a run: in mixed precision, with loss scaling. */
export function inPrecision(
  optimizer: Optimizer,
  { precision, lossScale }: PrecisionOptions,
): Optimizer {
  return precision === "mixed" ? lossScaled(optimizer, lossScale) : optimizer;
}

/** State of an optimizer with loss scaling. */
type ScaledState = { readonly lossScale: LossScale; readonly inner: Tree };

/**
 * An optimizer whose gradients come multiplied by the loss scale in its state: it divides them, and
 * takes no step, nor changes its state but for the scale, if one is not finite or something did not
 * fit into float16. Its `step` must be recorded.
 *
 * @param fixed the loss scale. Default: dynamic
 */
function lossScaled(optimizer: Optimizer, fixed: number | undefined): Optimizer {
  const rule = { interval: fixed === undefined ? GROWTH_INTERVAL : 0 };
  const step = <P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] => {
    const { lossScale, inner } = state as ScaledState;
    const given = unscale(grads, lossScale.scale);
    const [stepped, next] = stepWith(optimizer, given, inner, params);
    const kept = keep({ params, inner } as Tree, { params: stepped, inner: next } as Tree);
    const { params: nextParams, inner: nextInner } = kept as { params: P; inner: Tree };
    return [nextParams, { lossScale: nextScale(lossScale, rule), inner: nextInner }];
  };
  return {
    init: (params): Tree => ({
      lossScale: {
        scale: tf.scalar(fixed ?? INITIAL_SCALE),
        streak: tf.scalar(0),
        skipped: tf.scalar(0),
      },
      inner: optimizer.init(params),
    }),
    update: () => {
      throw new TypeError("Cannot update gradients in mixed precision: take the whole step");
    },
    step,
    ...(optimizer.learningRate && {
      learningRate: (state: Tree): Scalar => optimizer.learningRate!((state as ScaledState).inner),
    }),
  };
}

/** The loss scale in an optimizer's state; none in float32. */
export function lossScaleOf(state: Tree): LossScale | undefined {
  if (state === null || isTensor(state) || !Object.hasOwn(state, "lossScale")) return undefined;
  return (state as ScaledState).lossScale;
}

/** The loss scale, on the host. */
export type LossScaleNumbers = {
  /** The loss scale of the next step. */
  readonly lossScale: number;
  /** Steps of the run so far that overflowed and changed nothing. */
  readonly skippedSteps: number;
};

/** The numbers of a loss scale, to be read with the step's. */
export function scaleNumbers(state: Tree): readonly Scalar[] {
  const found = lossScaleOf(state);
  return found ? [found.scale, found.skipped, found.streak] : [];
}

/**
 * The loss scale among the last of a step's numbers.
 *
 * @throws {RangeError} if so many steps overflowed that no scale will do
 */
export function readScale(numbers: ArrayLike<number>, step: number): LossScaleNumbers {
  const [lossScale, skippedSteps, streak] = Array.from(numbers).slice(-3) as [
    number,
    number,
    number,
  ];
  if (streak > -MOST_SKIPPED) return { lossScale, skippedSteps };
  throw new RangeError(
    `Cannot continue training in mixed precision: numbers must fit into float16, up to 65504, got overflows in ${-streak} steps in a row, at step ${step} with a loss scale of ${lossScale}. Normalize activations, lower the learning rate, or choose precision "float32"`,
  );
}

/** The loss scale after an epoch; nothing in float32. */
export async function readLossScale(state: Tree): Promise<LossScaleNumbers | undefined> {
  const found = lossScaleOf(state);
  if (!found) return undefined;
  const both = tf.stack([found.scale, found.skipped]);
  const [lossScale, skippedSteps] = await both.data().finally(() => both.dispose());
  return { lossScale: lossScale!, skippedSteps: skippedSteps! };
}

/** Whether the run in a checkpoint is in mixed precision. */
export function isMixed({ sections }: Checkpoint): boolean {
  return [...sections.optimizer?.keys() ?? []].some((path) => path.startsWith("lossScale/"));
}

/** Refuses to resume a run in another precision: its optimizer has no loss scale, or has one. */
export function requireSamePrecision(state: Tree, precision: Precision = "float32"): void {
  const held: Precision = lossScaleOf(state) ? "mixed" : "float32";
  requireRange(
    "resume a run",
    `the precision must be "${held}" as before`,
    held === precision,
    `"${precision}"`,
  );
}
