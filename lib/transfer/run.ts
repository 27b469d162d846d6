// One phase of a transfer: the tail on features that are computed once, or the whole network.
import type { Augmentation } from "../augment/augmentation.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Layer, Network } from "../layers/layer.ts";
import { entries, type Tree } from "../tensor/tree.ts";
import { fit } from "../train/fit.ts";
import type { FitOptions } from "../train/fit_options.ts";
import type { EpochReport } from "../train/reports.ts";
import type { Training } from "../train/training.ts";
import {
  cachedFeatures,
  type CachedFeaturesOptions,
  featureBytes,
  MAX_FEATURE_BYTES,
  onFeatures,
} from "./features.ts";
import { batchSizeOf, type TransferOptions } from "./options.ts";
import type { TransferPhase } from "./phases.ts";
import { type FrozenSplit, pickNames, splitFrozen } from "./split.ts";

/** Trains a phase to its end, or until the signal. */
export async function* runPhase(
  model: Layer,
  phase: TransferPhase,
  training: Training,
  examples: Examples | ImageSource,
  options: TransferOptions,
): AsyncGenerator<EpochReport, void, void> {
  const { validation, normalize } = options;
  if (training.progress.epoch >= phase.epochs) return;
  const cut = cutOf(model, phase, examples, options);
  const all = entries(training.params).map(([path]) => path);
  options.onPhase?.({
    phase: phase.name,
    epochs: phase.epochs,
    trained: all.filter(phase.trainable).length,
    parameters: all.length,
    ...(typeof cut === "string"
      ? { reason: cut }
      : { featureShape: cut.featureShape, tail: cut.tailNames[0]! }),
  });
  if (typeof cut !== "string") return yield* onCached(cut, phase, training, examples, options);
  const augment = augmentOf(phase, options);
  yield* fit(model, examples, {
    ...fitOptions(phase, examples, options),
    ...(augment ? { augment } : {}),
    from: training,
    ...(normalize ? { normalize } : {}),
    ...(validation ? { validation } : {}),
  });
}

function fitOptions(
  { name, epochs, optimizer, trainable }: TransferPhase,
  examples: Examples | ImageSource,
  { batchSize, loss, jit, signal, onStep }: TransferOptions,
): FitOptions {
  return {
    epochs,
    optimizer,
    trainable,
    batchSize: batchSizeOf(examples, batchSize),
    ...(loss ? { loss } : {}),
    ...(signal ? { signal } : {}),
    ...(jit === undefined ? {} : { jit }),
    ...(onStep ? { onStep: (report) => onStep({ ...report, phase: name }) } : {}),
  };
}

/** Features of augmented images would have to be computed at every step. */
function augmentOf(
  { name }: TransferPhase,
  { augment, cache }: TransferOptions,
): Augmentation | undefined {
  return name === "fine-tune" || cache === false ? augment : undefined;
}

/** The split at which features are cached, or why there is none. */
function cutOf(
  model: Layer,
  phase: TransferPhase,
  examples: Examples | ImageSource,
  options: TransferOptions,
): FrozenSplit | string {
  if (options.cache === false) return "no cache is wanted";
  if (augmentOf(phase, options)) return "images are augmented";
  const split = splitFrozen(model, examples.imageShape, phase.trainable);
  if (!split) return "nothing below what is trained is frozen and the same in each epoch";
  const count = examples.labels.length + (options.validation?.labels.length ?? 0);
  const bytes = featureBytes(split.featureShape, count);
  const most = options.maxFeatureBytes ?? MAX_FEATURE_BYTES;
  if (bytes > most) return `its features would take ${bytes} bytes, more than ${most}`;
  return split;
}

/** A phase on cached features: only the tail is trained. */
async function* onCached(
  split: FrozenSplit,
  phase: TransferPhase,
  training: Training,
  examples: Examples | ImageSource,
  options: TransferOptions,
): AsyncGenerator<EpochReport, void, void> {
  const part = (names: readonly string[]): Pick<Network, "params" | "state"> => ({
    params: pickNames(training.params, names),
    state: pickNames(training.state, names),
  });
  const body = part(split.bodyNames);
  const sources = await featuresOf({ model: split.body, ...body }, examples, options);
  if (!sources) return; // The signal came first.
  const [features, validation] = sources;
  const whole = (run: Training): Training => ({
    ...run,
    model: training.model,
    inputShape: training.inputShape,
    ...(training.data ? { data: training.data } : {}),
    params: { ...body.params as Record<string, Tree>, ...run.params as Record<string, Tree> },
    state: { ...body.state as Record<string, Tree>, ...run.state as Record<string, Tree> },
  });
  const { data: _, ...from } = training; // The tail is trained on features.
  const run = fit(onFeatures(split.tail, split.featureShape), features!, {
    ...fitOptions(phase, examples, options),
    from: { ...from, ...part(split.tailNames) },
    ...(validation ? { validation } : {}),
  });
  for await (const report of run) yield { ...report, network: whole(report.network) };
}

/** Features of the training and validation examples; nothing if the signal ended it. */
async function featuresOf(
  body: Network,
  examples: Examples | ImageSource,
  { validation, normalize, signal, jit, onFeatures, maxFeatureBytes }: TransferOptions,
): Promise<ImageSource[] | undefined> {
  const sources = validation ? [examples, validation] : [examples];
  const total = sources.reduce((sum, { labels }) => sum + labels.length, 0);
  const found: ImageSource[] = [];
  let before = 0;
  for (const source of sources) {
    const options: CachedFeaturesOptions = {
      maxBytes: maxFeatureBytes ?? MAX_FEATURE_BYTES,
      onProgress: (done) => onFeatures?.(before + done, total),
      ...(normalize ? { normalize } : {}),
      ...(signal ? { signal } : {}),
      jit: jit !== false,
    };
    try {
      found.push(await cachedFeatures(body, source, options));
    } catch (error) {
      if (signal?.aborted) return undefined;
      throw error;
    }
    before += source.labels.length;
  }
  return found;
}
