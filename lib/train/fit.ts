// The training loop: epochs over examples, as an async generator.
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { AnyModel, Layer } from "../layers/layer.ts";
import { requireLogits } from "../layers/logits.ts";
import { adam } from "../optimizers/adam.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { type Key, key as keyOf } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { treeHash } from "../tensor/tree_hash.ts";
import { requireOneOf, requireOptions, requireWhole } from "../text/require.ts";
import { tf } from "../tensor/tf.ts";
import { ALONE } from "../world/world.ts";
import { auxiliaryLossesOf } from "./auxiliary_losses.ts";
import { callEpoch, type CallResult, callRun } from "./callbacks/call_callbacks.ts";
import { requireCallbacks } from "./callbacks/callback.ts";
import { requireSameData } from "./data_identity.ts";
import { agreedStop, type EpochParts, requirePlace, requireStatistics, runEpoch } from "./epoch.ts";
import {
  type Evaluation,
  type Forward,
  measure,
  type Measures,
  openEvaluation,
} from "./evaluate.ts";
import {
  type ClassifierOptions,
  FIT_OPTIONS,
  type FitOptions,
  NO_FIT_OPTIONS,
} from "./fit_options.ts";
import {
  inPrecision,
  readLossScale,
  requirePrecision,
  requireSamePrecision,
} from "./mixed_precision.ts";
import { type Objective, objectiveOf } from "./objective.ts";
import {
  type AnyExamples,
  hasClasses,
  isLabeled,
  isStream,
  openFeed,
  requireExamples,
} from "./open_feed.ts";
import { averageTree, broadcastTree, requireAlike } from "./ranks.ts";
import type { ClassifierReport, EpochReport } from "./reports.ts";
import { divided, sharedFeed, shareOf } from "./shard.ts";
import { type Together, together } from "./together.ts";
import { meansOf } from "./totals.ts";
import { requireSameTrainable } from "./trainable.ts";
import {
  beginTraining,
  disposeTraining,
  NO_TOTALS,
  type Progress,
  START,
  type Training,
} from "./training.ts";
import { trainingFunctions } from "./training_functions.ts";
import { describeValue } from "../text/value.ts";

/**
 * Trains a model, one epoch at a time: `for await (const report of fit(…))`; without such a loop
 * nothing is trained. The same key, examples
 * and options give the same numbers on the same adapter, also if the run is interrupted and resumed
 * with `from`.
 *
 * Labeled images train a classifier: its loss is cross-entropy, its accuracy is measured. Any other
 * model is trained on {@linkcode ArrayExamples} or a {@linkcode BatchStream} of tensors of any shape
 * and dtype, with a `loss` and `metrics` of your choice.
 *
 * @param model the model; a classifier is `[N, H, W, C] → logits [N, classes]`
 * @param examples labeled images, in memory or read as needed; arrays; or a stream of batches
 * @param options epochs, batch size, optimizer, loss, metrics, validation, callbacks, the run to resume
 * @returns reports of the epochs; the last one's `network` is the trained one
 * @throws {TypeError} if an option is unknown (the nearest is named), or there is no loss
 * @throws {TypeError | RangeError} if the model cannot take such inputs, or lacks a layer of `auxiliaryLosses`
 * @throws {RangeError} if an option is out of range, `from` trained other parameters, or the loss is not finite (the step is named)
 * @throws {RangeError} if `from` was trained on other data and `otherData` is not `true`
 * @throws {RangeError} if an epoch would end with a batch of one example that has no batch statistics
 * @throws {RangeError} if two callbacks have the same name, or one monitors what is not measured
 * @throws {Error} what a callback throws, such as for a file that cannot be written
 * @throws {DeviceError} if the device failed, or cannot train in mixed precision
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
export function fit<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  examples: Examples | ImageSource,
  options?: ClassifierOptions<P, S>,
): AsyncGenerator<ClassifierReport<P, S>, void, void>;
/** The same of any network, on any examples. */
export function fit<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
  T extends Tree = Tensor,
>(
  model: Layer<P, S, X, Y>,
  examples: AnyExamples,
  options?: FitOptions<P, S, X, Y, T>,
): AsyncGenerator<EpochReport<P, S, X, Y>, void, void>;
export function fit(
  model: AnyModel,
  examples: AnyExamples,
  options: FitOptions | ClassifierOptions = {},
  // deno-lint-ignore no-explicit-any -- the overloads say which
): AsyncGenerator<any, void, void> {
  return fitAny(model, examples, options as FitOptions);
}

async function* fitAny(
  model: Layer,
  examples: AnyExamples,
  options: FitOptions,
): AsyncGenerator<EpochReport, void, void> {
  requireExamples("fit", examples); // First: of fit(model, x, y) it is x that is mended.
  requireOptions("fit", options, FIT_OPTIONS, NO_FIT_OPTIONS);
  requireWhole("fit", "the epochs", options.epochs ?? 1);
  requirePrecision("fit", options);
  requireRecorded(options);
  requireLabeled(examples, options);
  const { from, normalize, validation, callbacks = [] } = options;
  const objective = objectiveOf("fit", options.classify ?? hasClasses(examples), {
    loss: options.loss,
    metrics: options.metrics,
  });
  requireCallbacks(callbacks, objective, validation !== undefined);
  const ranks = ranksOf(options);
  if (ranks) requireEven(objective);
  const opened = await openFeed("fit", divided("fit", examples, options.world), {
    share: shareOf(options.world),
    whole: options.augment?.mixes === true,
    batchSize: options.batchSize,
    stepsPerEpoch: options.stepsPerEpoch,
    normalize,
    raw: options.augment !== undefined,
    key: keyOfRun(options),
  }, from?.progress ?? START);
  const feed = ranks && isStream(examples) ? sharedFeed(opened, ranks.world) : opened;
  try {
    const shape = feed.inputShape as Shape;
    if (objective.takesLogits) requireLogits("fit", model, shape);
    auxiliaryLossesOf(model, shape, options.auxiliaryLosses); // Refuses unknown paths.
    requireStatistics(model, feed, options, ranks);
    const optimizer = inPrecision(optimizerOf(options), options);
    const functions = trainingFunctions(model, { ...options, optimizer, objective, ranks });
    const began = performance.now();
    const parts = { step: functions.step, feed, objective, options, ranks, began };
    try {
      yield* runEpochs(parts, functions.forward, model);
    } finally {
      functions.dispose();
    }
  } finally {
    await feed.close();
  }
}

/** What steps exchange with other ranks, if there are any. */
function ranksOf(
  { world, batchStatistics = "local" }: FitOptions,
): Together | undefined {
  const choices = ["local", "synchronized"] as const;
  requireOneOf("fit", "the option batchStatistics", choices, batchStatistics);
  return world && world.size > 1 ? together(world, batchStatistics) : undefined;
}

/** Refuses losses that the losses of a batch's parts do not make up. */
function requireEven({ isUneven }: Objective): void {
  if (!isUneven) return;
  throw new TypeError(
    "Cannot fit with other ranks: the loss of each of several outputs must be a mean over the examples, got one that weighs them. Give one function as the loss",
  );
}

/** Refuses what is for images alone. */
function requireLabeled(examples: AnyExamples, { augment }: FitOptions): void {
  if (augment === undefined || isLabeled(examples)) return;
  throw new TypeError(
    `Cannot fit: the option augment is for labeled images, got ${augment.name} for other examples. Change the batches of a stream instead, see data.map`,
  );
}

/** Refuses mixed precision of steps that are not recorded: tensors by themselves are float32. */
function requireRecorded({ precision, jit }: FitOptions): void {
  if (precision !== "mixed" || jit !== false) return;
  throw new TypeError(
    'Cannot fit in mixed precision: steps must be recorded, got jit: false. Leave out jit, or choose precision "float32"',
  );
}

function keyOfRun({ from, key }: Pick<FitOptions, "from" | "key">): Key {
  return from?.key ?? key ?? keyOf(0);
}

function optimizerOf({ optimizer = adam() }: Pick<FitOptions, "optimizer">): Optimizer {
  if (typeof optimizer?.init !== "function") {
    throw new TypeError(
      `Cannot fit: the optimizer must be made by a function such as adam(), got ${
        describeValue(optimizer)
      }`,
    );
  }
  return optimizer;
}

async function* runEpochs(
  parts: EpochParts<Tree, Tree>,
  forward: Forward,
  model: Layer,
): AsyncGenerator<EpochReport, void, void> {
  const { epochs = 1, callbacks = [], signal } = parts.options;
  let run = await beginRun(parts, model);
  while (run.progress.epoch < epochs) {
    const report = await nextReport(parts, forward, run);
    run = report.network;
    const isOver = report.stopped !== undefined || run.progress.epoch === epochs;
    if (isOver) run = await callRun("onEnd", callbacks, run);
    const isEnded = await anyEnds(parts);
    yield* reporting(parts, { ...report, network: run });
    if (isOver || (isEnded ?? signal?.aborted)) return;
  }
}

/** Whether the signal of any rank says to end; without other ranks this one's is looked at later. */
async function anyEnds(
  { ranks, options: { signal } }: EpochParts<Tree, Tree>,
): Promise<boolean | undefined> {
  if (!ranks) return undefined;
  const wishes = new Float64Array([signal?.aborted || ranks.stops ? 1 : 0]);
  await ranks.world.allReduce(wishes, "max");
  return wishes[0] === 1;
}

/** Hands out a report. What is done with it may take long. */
async function* reporting(
  { ranks }: EpochParts<Tree, Tree>,
  report: EpochReport,
): AsyncGenerator<EpochReport, void, void> {
  const used = Promise.withResolvers<void>();
  const waited = ranks?.world.during("use the report of an epoch", () => used.promise);
  try {
    yield report;
  } finally {
    used.resolve();
    await waited;
  }
}

/** The run to begin or resume, after `onBegin` of callbacks; if one fails, a new run is freed. */
async function beginRun(parts: EpochParts<Tree, Tree>, model: Layer): Promise<Training> {
  const run = await beginAlike(parts, begin(parts, model));
  try {
    return await callRun("onBegin", parts.options.callbacks ?? [], run);
  } catch (error) {
    if (!parts.options.from) disposeTraining(run);
    throw error;
  }
}

/** A run whose numbers are those of the first rank on all of them. */
async function beginAlike(
  { ranks, feed, options }: EpochParts<Tree, Tree>,
  run: Training,
): Promise<Training> {
  if (!ranks) return run;
  const { batchSize, count, steps } = feed;
  const { progress: { epoch, step }, key } = run;
  const all = { key, epoch, step, epochs: options.epochs ?? 1, batchSize, count, steps };
  const alike = JSON.stringify({ ...all, data: feed.data() });
  await requireAlike(ranks.world, "fit", "examples, options and the run", alike);
  const { params, state, optimizer } = run;
  return { ...run, ...await broadcastTree(ranks.world, { params, state, optimizer }) };
}

/** The run after an epoch's steps, again with the same numbers on all ranks. */
async function endAlike(
  { ranks, options }: EpochParts<Tree, Tree>,
  run: Training,
): Promise<Training> {
  if (!ranks) return run;
  const { world, statistics } = ranks;
  const state = statistics ? run.state : await averageTree(world, run.state);
  const next = { ...run, state };
  if (options.compareRanks === false) return next;
  const hash = await treeHash({ params: next.params, state });
  await requireAlike(world, "continue training", "the parameters' hashes", hash);
  return next;
}

/** The run to begin or resume. */
function begin({ feed, objective, options }: EpochParts<Tree, Tree>, model: Layer): Training {
  const inputShape = feed.inputShape as Shape;
  const { trainable, precision, lossScale } = options;
  const run = options.from ? { ...options.from, model, inputShape } : beginTraining(
    model,
    optimizerOf(options),
    keyOfRun(options),
    inputShape,
    { trainable, precision, lossScale },
  );
  const data = feed.data();
  requireSamePrecision(run.optimizer, precision);
  requireSameTrainable(run.params, run.trainable, trainable);
  if (!options.otherData) requireSameData(run.data, data);
  requirePlace(run, feed, objective);
  return { ...run, data };
}

/** Does an epoch, or the rest of one, then validates and calls callbacks. */
async function nextReport(
  parts: EpochParts<Tree, Tree>,
  forward: Forward,
  from: Training,
): Promise<EpochReport> {
  const { objective, options } = parts;
  const began = performance.now();
  const { run: ended, stop, ended: complete } = await runEpoch(parts, from);
  const run = await endAlike(parts, ended);
  const { totals } = run.progress;
  const after = complete ? { ...run, progress: nextEpoch(run.progress) } : run;
  const validation = complete ? await validate(parts, forward, after) : undefined;
  const learningRate = await lastRate(inPrecision(optimizerOf(options), options), after.optimizer);
  const numbers = {
    epoch: from.progress.epoch + 1,
    complete,
    ...meansOf(objective, totals),
    ...(validation ? { valLoss: validation.loss, validation } : {}),
    ...(validation?.accuracy === undefined ? {} : { valAccuracy: validation.accuracy }),
    ...(validation?.metrics ? { valMetrics: validation.metrics } : {}),
    seconds: (performance.now() - began) / 1000,
    ...(learningRate === undefined ? {} : { learningRate }),
    ...await readLossScale(after.optimizer),
  };
  const called = complete ? await callAfter(parts, after, numbers) : { run: after };
  const stopped = stop ?? called.stop;
  return {
    ...numbers,
    network: called.run,
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** Calls the callbacks of a complete epoch. If one rank's stop the run, all stop. */
async function callAfter(
  { ranks, options: { callbacks = [] } }: EpochParts<Tree, Tree>,
  run: Training,
  numbers: Omit<EpochReport, "network">,
): Promise<CallResult<Training>> {
  const { world = ALONE } = ranks ?? {};
  const call = () => callEpoch(callbacks, run, numbers, world.rank === 0);
  const { run: next, stop: own } = await world.during("call callbacks after an epoch", call);
  const stop = await agreedStop({ ranks }, own);
  return { run: next, ...(stop === undefined ? {} : { stop }) };
}

/** The learning rate of the last step. */
async function lastRate(optimizer: Optimizer, state: Tree): Promise<number | undefined> {
  if (!optimizer.learningRate) return undefined;
  const rate = tf.tidy(() => optimizer.learningRate!(state));
  const [value] = await rate.data().finally(() => rate.dispose());
  return value;
}

async function validate(
  { objective, options }: EpochParts<Tree, Tree>,
  forward: Forward,
  run: Training,
): Promise<(Measures & Partial<Evaluation>) | undefined> {
  const { validation, normalize, validationSteps: steps, world } = options;
  if (!validation) return undefined;
  const feed = await openEvaluation("validate", validation, { normalize, steps, world });
  return await measure(forward, run, objective, feed, { world }).finally(() => feed.close());
}

function nextEpoch({ epoch, totals: _, stepInEpoch: __, ...rest }: Progress): Progress {
  return { ...rest, epoch: epoch + 1, stepInEpoch: 0, totals: NO_TOTALS };
}
