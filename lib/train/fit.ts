// The training loop: epochs over examples, as an async generator.
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Layer } from "../layers/layer.ts";
import { adam } from "../optimizers/adam.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { key as keyOf } from "../tensor/random.ts";
import type { Tree } from "../tensor/tree.ts";
import { requireWhole } from "../text/require.ts";
import { tf } from "../tensor/tf.ts";
import { auxiliaryLossesOf } from "./auxiliary_losses.ts";
import { callEpoch, callRun } from "./callbacks/call_callbacks.ts";
import { requireCallbacks } from "./callbacks/callback.ts";
import { dataIdentity, requireSameData } from "./data_identity.ts";
import { type EpochParts, requirePlace, requireStatistics, runEpoch } from "./epoch.ts";
import { type Evaluation, type Forward, measure } from "./evaluate.ts";
import { type FitOptions, stepsPerEpoch } from "./fit_options.ts";
import type { EpochReport } from "./reports.ts";
import { requireSameTrainable } from "./trainable.ts";
import {
  beginTraining,
  disposeTraining,
  NO_TOTALS,
  type Progress,
  type Training,
} from "./training.ts";
import { trainingFunctions } from "./training_functions.ts";

/**
 * Trains a model, one epoch at a time: `for await (const report of fit(…))`. The same key, examples
 * and options give the same numbers on the same adapter, also if the run is interrupted and resumed
 * with `from`.
 *
 * @param model the model, `[N, H, W, C] → logits [N, classes]`
 * @param examples the training examples, in memory or read as needed
 * @param options epochs, batch size, optimizer, loss, validation, callbacks, the run to resume
 * @returns reports of the epochs; the last one's `network` is the trained one
 * @throws {TypeError | RangeError} if the model cannot take such images, or lacks a layer of `auxiliaryLosses`
 * @throws {RangeError} if an option is out of range, `from` trained other parameters, or the loss is not finite (the step is named)
 * @throws {RangeError} if `from` was trained on other data and `otherData` is not `true`
 * @throws {RangeError} if an epoch would end with a batch of one example that has no batch statistics
 * @throws {RangeError} if two callbacks have the same name, or one monitors what is not measured
 * @throws {Error} what a callback throws, such as for a file that cannot be written
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { dense, fit, flatten, sequential, start } from "@neocog/neocog";
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
 * const losses = [];
 * for await (const epoch of fit(model, examples, { epochs: 3 })) losses.push(epoch.loss);
 * assert(losses[2]! < losses[0]!);
 * ```
 */
export async function* fit<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  examples: Examples | ImageSource,
  options: FitOptions<P, S> = {},
): AsyncGenerator<EpochReport<P, S>, void, void> {
  requireWhole("fit", "the epochs", options.epochs ?? 1);
  auxiliaryLossesOf(model, examples.imageShape, options.auxiliaryLosses); // Refuses unknown paths.
  requireStatistics(model, examples, options);
  requireCallbacks(options.callbacks ?? [], options.validation !== undefined);
  const functions = trainingFunctions(model, { ...options, optimizer: optimizerOf(options) });
  const parts = { step: functions.step, examples, options, began: performance.now() };
  try {
    yield* runEpochs(parts, functions.forward, model);
  } finally {
    functions.dispose();
  }
}

function optimizerOf({ optimizer = adam() }: Pick<FitOptions, "optimizer">): Optimizer {
  return optimizer;
}

async function* runEpochs<P extends Tree, S extends Tree>(
  parts: EpochParts<P, S>,
  forward: Forward<P, S>,
  model: Layer<P, S>,
): AsyncGenerator<EpochReport<P, S>, void, void> {
  const { epochs = 1, callbacks = [], signal } = parts.options;
  let run = await beginRun(parts, model);
  while (run.progress.epoch < epochs) {
    const report = await nextReport(parts, forward, run);
    run = report.network;
    const isOver = report.stopped !== undefined || run.progress.epoch === epochs;
    if (isOver) run = await callRun("onEnd", callbacks, run);
    yield { ...report, network: run };
    if (isOver || signal?.aborted) return;
  }
}

/** The run to begin or resume, after `onBegin` of callbacks; if one fails, a new run is freed. */
async function beginRun<P extends Tree, S extends Tree>(
  parts: EpochParts<P, S>,
  model: Layer<P, S>,
): Promise<Training<P, S>> {
  const run = begin(parts, model);
  try {
    return await callRun("onBegin", parts.options.callbacks ?? [], run);
  } catch (error) {
    if (!parts.options.from) disposeTraining(run);
    throw error;
  }
}

/** The run to begin or resume. */
function begin<P extends Tree, S extends Tree>(
  { examples, options }: EpochParts<P, S>,
  model: Layer<P, S>,
): Training<P, S> {
  const { imageShape } = examples;
  const run = options.from ? { ...options.from, model, inputShape: imageShape } : beginTraining(
    model,
    optimizerOf(options),
    options.key ?? keyOf(0),
    imageShape,
    options.trainable ? { trainable: options.trainable } : {},
  );
  const data = dataIdentity(examples, options.normalize);
  requireSameTrainable(run.params, run.trainable, options.trainable);
  if (!options.otherData) requireSameData(run.data, data);
  requirePlace(run, examples, options);
  return { ...run, data };
}

/** Does an epoch, or the rest of one, then validates and calls callbacks. */
async function nextReport<P extends Tree, S extends Tree>(
  parts: EpochParts<P, S>,
  forward: Forward<P, S>,
  from: Training<P, S>,
): Promise<EpochReport<P, S>> {
  const { examples, options } = parts;
  const began = performance.now();
  const { run, stop } = await runEpoch(parts, from);
  const { stepInEpoch, totals } = run.progress;
  const complete = stepInEpoch === stepsPerEpoch(examples, options);
  const after = complete ? { ...run, progress: nextEpoch(run.progress) } : run;
  const validation = complete ? await validate(forward, after, options) : undefined;
  const learningRate = await lastRate(optimizerOf(options), after.optimizer);
  const numbers = {
    epoch: from.progress.epoch + 1,
    complete,
    loss: totals.loss / totals.count,
    accuracy: totals.correct / totals.count,
    ...(validation
      ? { valLoss: validation.loss, valAccuracy: validation.accuracy, validation }
      : {}),
    seconds: (performance.now() - began) / 1000,
    ...(learningRate === undefined ? {} : { learningRate }),
  };
  const called = complete
    ? await callEpoch(options.callbacks ?? [], after, numbers)
    : { run: after };
  const stopped = stop ?? called.stop;
  return {
    ...numbers,
    network: called.run,
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** The learning rate of the last step. */
async function lastRate(optimizer: Optimizer, state: Tree): Promise<number | undefined> {
  if (!optimizer.learningRate) return undefined;
  const rate = tf.tidy(() => optimizer.learningRate!(state));
  const [value] = await rate.data().finally(() => rate.dispose());
  return value;
}

async function validate<P extends Tree, S extends Tree>(
  forward: Forward<P, S>,
  run: Training<P, S>,
  { validation, normalize }: FitOptions<P, S>,
): Promise<Evaluation | undefined> {
  return validation && await measure(forward, run, validation, normalize ? { normalize } : {});
}

function nextEpoch({ epoch, step }: Progress): Progress {
  return { epoch: epoch + 1, stepInEpoch: 0, step, totals: NO_TOTALS };
}
