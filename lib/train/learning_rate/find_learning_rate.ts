// Finds a learning rate by a sweep. Smith, "Cyclical learning rates for training neural networks",
// WACV 2017, §3.3; in the form of fastai's lr_find.
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import type { Layer } from "../../layers/layer.ts";
import { adam } from "../../optimizers/adam.ts";
import { disposeTree, type Tree } from "../../tensor/tree.ts";
import { ratesOf, requireSweep, risingRate, smooth, suggestionOf } from "./learning_rate_sweep.ts";
import { beginSweep, type FindLearningRateOptions, runSweep } from "./sweep_steps.ts";
import { trainingFunctions } from "../training_functions.ts";

export type { FindLearningRateOptions, SweepStep } from "./sweep_steps.ts";

/** What {@linkcode findLearningRate} answers: a curve, and what is read off it. */
export type FoundLearningRate = {
  /** Learning rates of the steps, rising. */
  readonly rates: readonly number[];
  /** Loss of each step's batch, before its update. */
  readonly losses: readonly number[];
  /** The losses' exponential moving average, corrected for its start. */
  readonly smoothed: readonly number[];
  /** The rate at which the smoothed loss fell most steeply on its way to its least. */
  readonly steepest: number | undefined;
  /** A tenth of the rate at which the smoothed loss was least. */
  readonly tenthOfLeast: number | undefined;
  /** The smaller of both; all are `undefined` where the loss did not fall by a twentieth. */
  readonly suggestion: number | undefined;
};

/**
 * Finds a learning rate: trains for some steps, each with a higher one, from one at which nothing
 * moves, η_i = from · (to / from)^(i / (n − 1)), until the smoothed loss is `divergence` times its
 * least or no longer a number. Of the curve, which {@linkcode learningRateSvg} draws, two points are
 * read: where the loss falls most steeply (against the rate's logarithm), and a tenth of the rate
 * where it is least. The first tenth of the curve is left out. The average lags behind the losses by some steps, which the smaller one of
 * both, the suggestion, allows for. It is a highest rate for {@linkcode oneCycle}, or
 * one to begin a decay with. It is the optimizer's and the batch size's own.
 *
 * @param model the model, `[N, H, W, C] → logits [N, classes]`
 * @param examples what to train on
 * @param options range, steps, optimizer, batch size, where to begin; else as for {@linkcode fit}
 * @returns the curve and the suggestion; no tensor is left behind
 * @throws {RangeError} where an option is out of range, or the first loss is not a number
 * @throws {TypeError | RangeError} where the model cannot take such images
 * @throws {DeviceError} where the device failed
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
  const sweep = requireSweep(options);
  const { optimizer = (learningRate) => adam({ learningRate }) } = options;
  const stepper = optimizer(risingRate(sweep));
  const run = { current: beginSweep(model, stepper, examples, options) };
  const functions = trainingFunctions(model, { ...options, optimizer: stepper });
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
