// The steps of an epoch.
import { compileBeside } from "../device/compile_beside.ts";
import { fold, type Key } from "../tensor/random.ts";
import { rowsOfTree } from "../tensor/batch_part.ts";
import type { AnyModel, Declaration } from "../layers/layer.ts";
import { sizeOf, type Tensor, type Tensor4D } from "../tensor/tensor.ts";
import { disposeTree, leaves, type Path, type Tree } from "../tensor/tree.ts";
import { type CallResult, callStep } from "./callbacks/call_callbacks.ts";
import type { Feed, FeedBatch } from "./feed.ts";
import type { FitOptions } from "./fit_options.ts";
import { readScale } from "./mixed_precision.ts";
import { type Objective, unstackNumbers } from "./objective.ts";
import { saidByAll } from "./ranks.ts";
import type { StepReport } from "./reports.ts";
import { addTotals, meansOf } from "./totals.ts";
import { joinParams, type SplitParams, splitParams } from "./trainable.ts";
import type { Training } from "./training.ts";
import type { Together } from "./together.ts";
import { disposeState, type Step, type Stepped } from "./training_functions.ts";

/** What an epoch is made of. */
export type EpochParts<P extends Tree, S extends Tree> = {
  readonly step: Step<S>;
  readonly feed: Feed;
  readonly objective: Objective;
  readonly options: FitOptions<P, S>;
  /** What steps exchange with other ranks, if there are any. */
  readonly ranks: Together | undefined;
  /** When `fit` was called, by performance.now(). */
  readonly began: number;
};

/** Refuses a run that is disposed, or whose epoch would have other batches than before. */
export function requirePlace(
  { params, state, optimizer, progress }: Training,
  { batchSize, steps = Infinity }: Feed,
  { names }: Objective,
): void {
  if ([params, state, optimizer].flatMap(leaves).some((leaf) => leaf.isDisposed)) {
    throw new TypeError(
      "Cannot resume a run: its tensors must be alive, got some that are disposed",
    );
  }
  const { stepInEpoch, totals } = progress;
  if (stepInEpoch === 0) return;
  const seen = batchSize === undefined ? totals.count : stepInEpoch * batchSize;
  if (totals.count !== seen || stepInEpoch >= steps) {
    throw new RangeError(
      `Cannot resume in the middle of an epoch: examples and batch size must be the same as before, got ${totals.count} examples seen in ${stepInEpoch} steps, ${seen} with these options`,
    );
  }
  const before = Object.keys(totals.metrics ?? {});
  if (`${before}` !== `${names}`) {
    throw new RangeError(
      `Cannot resume in the middle of an epoch: the metrics must be the same as before, ${
        before.join(", ") || "none"
      }, got ${names.join(", ") || "none"}`,
    );
  }
}

/**
 * Refuses a last batch of one example if a layer normalizes single values by it: they have no
 * variance, and the epoch would fail at its end.
 */
export function requireStatistics(
  model: AnyModel,
  { batchSize, count, inputShape }: Feed,
  { trainable }: Pick<FitOptions, "trainable">,
  ranks?: Together,
): void {
  if (batchSize === undefined || count === undefined) return;
  const last = count % batchSize || batchSize;
  // Ranks that normalize by themselves must each have enough.
  const parts = ranks && !ranks.statistics ? ranks.world.size : 1;
  if (Math.floor(last / parts) >= 2) return;
  const declaration = model.declare(inputShape) as Declaration;
  const path = singleNorm("", model.op, declaration, trainable);
  if (path === undefined) return;
  throw new RangeError(
    `Cannot fit: batch normalization "${path}" needs at least 2 values of each feature, got ${count} examples in batches of ${batchSize}, the last of ${last}${
      parts === 1 ? "" : ` for ${parts} ranks`
    }. Choose another batch size${parts === 1 ? "" : ', or batchStatistics: "synchronized"'}`,
  );
}

/** The path of a batch normalization that is trained on one value per example and feature. */
function singleNorm(
  path: Path,
  op: string,
  { shape, children = [] }: Pick<Declaration, "shape" | "children">,
  trainable: FitOptions["trainable"],
): Path | undefined {
  if (op === "batchNorm") {
    const isTrained = ["scale", "shift"].some((name) =>
      trainable?.(path === "" ? name : `${path}/${name}`) ?? true
    );
    return isTrained && sizeOf(shape.slice(0, -1)) === 1 ? path : undefined;
  }
  for (const { name, layer, declaration } of children) {
    const inner = path === "" ? name : `${path}/${name}`;
    const found = singleNorm(inner, layer.op, declaration, trainable);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A run during an epoch: its parameters are split once, not in every step. */
type Run<P extends Tree, S extends Tree> = Omit<Training<P, S>, "params"> & SplitParams;

/** What an epoch came to. */
type EpochResult<T> = CallResult<T> & {
  /** Whether there are no batches left. */
  readonly ended: boolean;
};

/** Does the remaining steps of an epoch, or those until the signal or a callback stops it. */
export async function runEpoch<P extends Tree, S extends Tree>(
  parts: EpochParts<P, S>,
  from: Training<P, S>,
): Promise<EpochResult<Training<P, S>>> {
  const { params, ...rest } = from;
  const { run, ...called } = await runSteps(parts, {
    ...rest,
    ...splitParams(params, parts.options.trainable),
  });
  const { trained, frozen, ...next } = run;
  return { ...called, run: { ...next, params: joinParams<P>({ trained, frozen }) } };
}

async function runSteps<P extends Tree, S extends Tree>(
  parts: EpochParts<P, S>,
  from: Run<P, S>,
): Promise<EpochResult<Run<P, S>>> {
  let called: CallResult<Run<P, S>> = { run: from };
  let pending: Pending | undefined;
  let ended = true;
  for await (const batch of parts.feed.rest(from.progress)) {
    const { run } = called;
    const { step: done, stepInEpoch } = run.progress;
    const key = fold(fold(from.key, "step"), done);
    const drawn = draw(parts.options, batch, fold(fold(from.key, "augment"), done));
    ask(parts, called.stop, done + 1);
    const { numbers: both, ...moved } = await stepAndFree(parts, run, batch, drawn, key);
    const { source: _, ...before } = run.progress;
    const progress = {
      ...before,
      step: done + 1,
      stepInEpoch: stepInEpoch + 1,
      ...(batch.source === undefined ? {} : { source: batch.source }),
    };
    disposeState(run, moved);
    const next: Run<P, S> = { ...run, ...moved, progress };
    called = { run: next };
    if (!pending) await compileBeside(); // The first read waits for the compiler.
    const numbers = readNumbers(both);
    // The previous step's numbers are awaited while this one runs.
    if (pending) called = await account(parts, next, pending);
    pending = { numbers, size: batch.size, at: progress };
    if (parts.ranks?.stops ?? (parts.options.signal?.aborted || called.stop !== undefined)) {
      ended = progress.stepInEpoch === parts.feed.steps;
      break;
    }
  }
  if (!pending) return { ...called, ended };
  const last = await account(parts, called.run, pending);
  const stop = await agreedStop(parts, called.stop ?? last.stop);
  return { run: last.run, ended, ...(stop === undefined ? {} : { stop }) };
}

/** Says to the other ranks, with the step's numbers, whether this one wants to end the run. */
function ask<P extends Tree, S extends Tree>(
  { ranks, options }: EpochParts<P, S>,
  stop: string | undefined,
  step: number,
): void {
  if (!ranks) return;
  ranks.wantsStop = options.signal?.aborted === true || stop !== undefined;
  ranks.step = step;
}

/** Why the first of the ranks that wants to end the run does; each comes here after the same step. */
export async function agreedStop(
  { ranks }: Pick<EpochParts<Tree, Tree>, "ranks">,
  own: string | undefined,
): Promise<string | undefined> {
  if (!ranks) return own;
  return (await saidByAll(ranks.world, own ?? "")).find((reason) => reason !== "");
}

/** What a step's augmentation draws; nothing without one. */
function draw({ augment }: Pick<FitOptions, "augment">, batch: FeedBatch, key: Key): Tree {
  const { inputs, targets, part } = batch;
  try {
    if (!augment) return {};
    const shape = (inputs as Tensor4D).shape;
    if (!part || augment.mixes) return augment.draw(key, shape);
    // What the batch draws, so that other ranks change nothing; its rows are those of the images.
    const [, ...rest] = shape;
    const all = augment.draw(key, [part.of, ...rest]);
    const own = rowsOfTree(all, part);
    disposeTree(all, own);
    return own;
  } catch (error) {
    disposeTree({ inputs, targets });
    throw error;
  }
}

/** Does a step and frees its batch, even if the step fails. */
async function stepAndFree<P extends Tree, S extends Tree>(
  { step, options, ranks }: EpochParts<P, S>,
  { trained, frozen, state, optimizer }: Run<P, S>,
  { inputs, targets, part }: FeedBatch,
  drawn: Tree,
  key: Key,
): Promise<Stepped<S>> {
  try {
    const place = part ? { part, whole: options.augment?.mixes === true } : {};
    const batch = { inputs, targets, drawn, ...place };
    const call = () => step({ trained, frozen, state, optimizer }, batch, key);
    return await (ranks ? ranks.call(JSON.stringify(part), call) : call());
  } finally {
    disposeTree({ inputs, targets, drawn });
  }
}

/** A step whose numbers are still being read. */
type Pending = {
  readonly numbers: Promise<ArrayLike<number>>;
  readonly size: number;
  readonly at: Training["progress"];
};

/** Starts to read a step's numbers before the next step is submitted, and frees them. */
function readNumbers(both: Tensor): Promise<ArrayLike<number>> {
  const numbers = both.data().finally(() => both.dispose());
  numbers.catch(() => {}); // A failure is reported when they are awaited.
  return numbers;
}

/** Waits for a step's numbers, adds them to the epoch's and reports them. */
async function account<P extends Tree, S extends Tree>(
  { feed, objective, options, began }: EpochParts<P, S>,
  run: Run<P, S>,
  { numbers, size, at }: Pending,
): Promise<CallResult<Run<P, S>>> {
  const values = await numbers;
  const { loss, correct, metrics } = unstackNumbers(objective, values);
  const isMixed = options.precision === "mixed";
  requireFinite(
    "the loss",
    loss,
    at,
    isMixed ? MIXED_HINT : ". A smaller learning rate often helps",
  );
  Object.entries(metrics).forEach(([name, value]) =>
    requireFinite(`the metric ${name}`, value, at)
  );
  const totals = addTotals(run.progress.totals, { loss, correct, metrics }, size);
  const { loss: meanLoss, ...means } = meansOf(objective, totals);
  const report: StepReport = {
    epoch: at.epoch + 1,
    stepInEpoch: at.stepInEpoch,
    ...(feed.steps === undefined ? {} : { stepsPerEpoch: feed.steps }),
    step: at.step,
    loss,
    meanLoss,
    ...means,
    seconds: (performance.now() - began) / 1000,
    ...(isMixed ? readScale(values, at.step) : {}),
  };
  (options.onStep as FitOptions["onStep"])?.(report);
  const counted = { ...run, progress: { ...run.progress, totals } };
  return callStep(options.callbacks ?? [], counted, report);
}

/** A loss that is not finite is not mended by scaling it: activations do not fit into float16. */
const MIXED_HINT =
  '. A smaller learning rate often helps, or activations of at most 65504, or precision "float32"';

function requireFinite(what: string, value: number, at: Training["progress"], hint = ""): void {
  if (Number.isFinite(value)) return;
  throw new RangeError(
    `Cannot continue training: ${what} must be a finite number, got ${value} at step ${at.step} (epoch ${
      at.epoch + 1
    })${hint}`,
  );
}
