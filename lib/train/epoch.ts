// The steps of an epoch.
import { type Batch, batches } from "../data/dataset.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import { fold, type Key } from "../tensor/random.ts";
import type { Declaration, Layer } from "../layers/layer.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { disposeTree, leaves, type Path, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type CallResult, callStep } from "./callbacks/call_callbacks.ts";
import { batchSizeOf, type FitOptions, stepsPerEpoch } from "./fit_options.ts";
import type { StepReport } from "./reports.ts";
import { joinParams, type SplitParams, splitParams } from "./trainable.ts";
import type { Training } from "./training.ts";
import { disposeState, type Step } from "./training_functions.ts";

/** What an epoch is made of. */
export type EpochParts<P extends Tree, S extends Tree> = {
  readonly step: Step<S>;
  readonly examples: Examples | ImageSource;
  readonly options: FitOptions<P, S>;
  /** When `fit` was called, by performance.now(). */
  readonly began: number;
};

/** Refuses a run that is disposed, or whose epoch would have other batches than before. */
export function requirePlace(
  { params, state, optimizer, progress }: Training,
  examples: Examples | ImageSource,
  options: FitOptions,
): void {
  if ([params, state, optimizer].flatMap(leaves).some((leaf) => leaf.isDisposed)) {
    throw new TypeError(
      "Cannot resume a run: its tensors must be alive, got some that are disposed",
    );
  }
  const { stepInEpoch, totals } = progress;
  if (stepInEpoch === 0) return;
  const seen = stepInEpoch * batchSizeOf(examples, options);
  if (totals.count !== seen || stepInEpoch >= stepsPerEpoch(examples, options)) {
    throw new RangeError(
      `Cannot resume in the middle of an epoch: examples and batch size must be the same as before, got ${totals.count} examples seen in ${stepInEpoch} steps, ${seen} with these options`,
    );
  }
}

/**
 * Refuses a last batch of one example if a layer normalizes single values by it: they have no
 * variance, and the epoch would fail at its end.
 */
export function requireStatistics<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  examples: Examples | ImageSource,
  options: Pick<FitOptions, "batchSize" | "trainable">,
): void {
  const batchSize = batchSizeOf(examples, options);
  const count = examples.labels.length;
  if (count % batchSize !== (batchSize === 1 ? 0 : 1)) return;
  const path = singleNorm("", model.op, model.declare(examples.imageShape), options.trainable);
  if (path === undefined) return;
  throw new RangeError(
    `Cannot fit: batch normalization "${path}" needs at least 2 values of each feature, got ${count} examples in batches of ${batchSize}, the last of one. Choose another batch size`,
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

/** Does the remaining steps of an epoch, or those until the signal or a callback stops it. */
export async function runEpoch<P extends Tree, S extends Tree>(
  parts: EpochParts<P, S>,
  from: Training<P, S>,
): Promise<CallResult<Training<P, S>>> {
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
): Promise<CallResult<Run<P, S>>> {
  let called: CallResult<Run<P, S>> = { run: from };
  let pending: Pending | undefined;
  for await (const batch of epochBatches(from, parts)) {
    const { run } = called;
    const { step: done, stepInEpoch } = run.progress;
    const key = fold(fold(from.key, "step"), done);
    const drawn = draw(parts.options, batch, fold(fold(from.key, "augment"), done));
    const { numbers: both, ...moved } = stepAndFree(parts.step, run, batch, drawn, key);
    const progress = { ...run.progress, step: done + 1, stepInEpoch: stepInEpoch + 1 };
    disposeState(run, moved);
    const next: Run<P, S> = { ...run, ...moved, progress };
    called = { run: next };
    const numbers = readNumbers(both);
    // The previous step's numbers are awaited while this one runs.
    if (pending) called = await account(parts, next, pending);
    pending = { numbers, size: batch.size, at: progress };
    if (parts.options.signal?.aborted || called.stop !== undefined) break;
  }
  if (!pending) return called;
  const last = await account(parts, called.run, pending);
  return called.stop === undefined ? last : { ...last, stop: called.stop };
}

/** What a step's augmentation draws; nothing without one. */
function draw({ augment }: Pick<FitOptions, "augment">, batch: Batch, key: Key): Tree {
  try {
    return augment ? augment.draw(key, batch.images.shape) : {};
  } catch (error) {
    tf.dispose([batch.images, batch.labels]);
    throw error;
  }
}

/** Does a step and frees its batch, even if the step fails. */
function stepAndFree<P extends Tree, S extends Tree>(
  step: Step<S>,
  { trained, frozen, state, optimizer }: Run<P, S>,
  { images, labels }: Batch,
  drawn: Tree,
  key: Key,
): ReturnType<typeof step> {
  try {
    return step({ trained, frozen, state, optimizer }, { images, labels, drawn }, key);
  } finally {
    disposeTree({ images, labels, drawn });
  }
}

function epochBatches<P extends Tree, S extends Tree>(
  { key, progress }: Pick<Training, "key" | "progress">,
  { examples, options }: EpochParts<P, S>,
): AsyncIterable<Batch> {
  return batches(examples, {
    batchSize: batchSizeOf(examples, options),
    key: fold(fold(key, "order"), progress.epoch),
    skip: progress.stepInEpoch,
    // Augmented images are normalized afterwards, by the step.
    ...(options.normalize && !options.augment ? { normalize: options.normalize } : {}),
  });
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
  { examples, options, began }: EpochParts<P, S>,
  run: Run<P, S>,
  { numbers, size, at }: Pending,
): Promise<CallResult<Run<P, S>>> {
  const { 0: loss, 1: correct } = await numbers;
  requireFinite(loss!, at);
  const before = run.progress.totals;
  const totals = {
    loss: before.loss + loss! * size,
    correct: before.correct + correct!,
    count: before.count + size,
  };
  const report: StepReport = {
    epoch: at.epoch + 1,
    stepInEpoch: at.stepInEpoch,
    stepsPerEpoch: stepsPerEpoch(examples, options),
    step: at.step,
    loss: loss!,
    meanLoss: totals.loss / totals.count,
    accuracy: totals.correct / totals.count,
    seconds: (performance.now() - began) / 1000,
  };
  options.onStep?.(report);
  const counted = { ...run, progress: { ...run.progress, totals } };
  return callStep(options.callbacks ?? [], counted, report);
}

function requireFinite(loss: number, at: Training["progress"]): void {
  if (Number.isFinite(loss)) return;
  throw new RangeError(
    `Cannot continue training: the loss must be a finite number, got ${loss} at step ${at.step} (epoch ${
      at.epoch + 1
    }). A smaller learning rate often helps`,
  );
}
