// Finds a learning rate by a sweep. Smith, "Cyclical learning rates for training neural networks",
// WACV 2017, §3.3; in the form of fastai's lr_find.
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import type { Layer } from "../../layers/layer.ts";
import { adam } from "../../optimizers/adam.ts";
import { disposeTree, type Tree } from "../../tensor/tree.ts";
import { ratesOf, requireSweep, risingRate, smooth, suggestionOf } from "./learning_rate_sweep.ts";
import { beginSweep, type FindLearningRateOptions, runSweep } from "./sweep_steps.ts";
import { objectiveOf } from "../objective.ts";
import { trainingFunctions } from "../training_functions.ts";
import { requireOptions } from "../../text/require.ts";

const OPTIONS: Readonly<Record<keyof FindLearningRateOptions, true>> = {
  from: true,
  to: true,
  steps: true,
  smoothing: true,
  divergence: true,
  optimizer: true,
  network: true,
  batchSize: true,
  loss: true,
  auxiliaryLosses: true,
  trainable: true,
  augment: true,
  normalize: true,
  key: true,
  signal: true,
  onStep: true,
  jit: true,
};

export type { FindLearningRateOptions, SweepStep } from "./sweep_steps.ts";

/** What {@linkcode findLearningRate} returns: a curve, and what is read off it. */
export type FoundLearningRate = {
  /** Learning rates of the steps, rising. */
  readonly rates: readonly number[];
  /** Loss of each step's batch, before its update. */
  readonly losses: readonly number[];
  /** The losses' exponential moving average, with bias correction. */
  readonly smoothed: readonly number[];
  /** The rate at which the smoothed loss fell most steeply on its way to its least. */
  readonly steepest: number | undefined;
  /** A tenth of the rate at which the smoothed loss was least. */
  readonly tenthOfLeast: number | undefined;
  /** The smaller of both; all are `undefined` if the loss did not fall by a twentieth. */
  readonly suggestion: number | undefined;
};

/**
 * Finds a learning rate by a sweep: trains for some steps, each with a higher rate, from one that
 * changes nothing, η_i = from · (to / from)^(i / (n − 1)), until the smoothed loss is `divergence`
 * times its minimum or not finite. Two rates are read off the curve, which
 * {@linkcode learningRateSvg} draws: the one at which the loss falls most steeply against the
 * logarithm of the rate, and a tenth of the one at which the loss is least. The suggestion is the
 * smaller one, as the average lags some steps behind the losses. The first tenth of the curve is
 * left out. The suggestion is a highest rate for {@linkcode oneCycle}, or the first one of a decay,
 * and holds for this optimizer and batch size.
 *
 * @param model the model, `[N, H, W, C] → logits [N, classes]`
 * @param examples the training examples
 * @param options range, steps, optimizer, batch size, the network to begin with; else as for {@linkcode fit}
 * @returns the curve and the suggestion
 * @throws {RangeError} if an option is out of range, or the first loss is not a number
 * @throws {TypeError | RangeError} if the model cannot take such images
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { dense, findLearningRate, flatten, sequential, sgd, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2 }) });
 * const { suggestion } = await findLearningRate(model, examples, { steps: 40 });
 * assert(suggestion! > 1e-4 && suggestion! < 10);
 * ```
 */
export async function findLearningRate<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  examples: Examples | ImageSource,
  options: FindLearningRateOptions<P, S> = {},
): Promise<FoundLearningRate> {
  requireOptions("find a learning rate", options, OPTIONS);
  const sweep = requireSweep(options);
  const { optimizer = (learningRate) => adam({ learningRate }) } = options;
  const stepper = optimizer(risingRate(sweep));
  const run = { current: beginSweep(model, stepper, examples, options) };
  const { loss } = options;
  const objective = objectiveOf("find a learning rate", true, { loss });
  const functions = trainingFunctions(model, { ...options, optimizer: stepper, objective });
  try {
    const losses = await runSweep(run, functions.step, examples, sweep, options);
    const curve = {
      rates: ratesOf(sweep).slice(0, losses.length),
      losses,
      ...smooth(losses, sweep),
    };
    return { ...curve, ...suggestionOf(curve) };
  } finally {
    disposeTree(run.current);
    functions.dispose();
  }
}
