// Transfer learning (§12.8): a trained network learns other classes from few images.
import type { Augmentation } from "../augment/augmentation.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Layer } from "../layers/layer.ts";
import { fold, type Key, key as keyOf } from "../tensor/random.ts";
import { disposeTree, entries, type Tree } from "../tensor/tree.ts";
import type { Weights } from "./evaluate.ts";
import { fit } from "./fit.ts";
import { type FitOptions, stepsPerEpoch } from "./fit_options.ts";
import type { EpochReport, StepReport } from "./reports.ts";
import { beginTraining, disposeTraining, type Training } from "./training.ts";
import {
  cachedFeatures,
  type CachedFeaturesOptions,
  featureBytes,
  MAX_FEATURE_BYTES,
  onFeatures,
} from "./transfer_features.ts";
import {
  type PhaseOptions,
  type TransferPhase,
  type TransferPhaseName,
  transferPhases,
} from "./transfer_phases.ts";
import { type FrozenSplit, pickNames, splitFrozen } from "./transfer_split.ts";
import { type TransferredWeights, transferWeights } from "./transfer_weights.ts";

/** Where a transfer stands: what {@linkcode restoreTransfer} answers. */
export type TransferPoint = {
  readonly phase: TransferPhaseName;
  /** The run of the whole network in that phase. */
  readonly training: Training;
};

/** Options of {@linkcode transfer}; those that are {@linkcode fit}'s hold for each phase. */
export type TransferOptions =
  & PhaseOptions
  & Pick<FitOptions, "batchSize" | "normalise" | "signal" | "jit" | "loss">
  & {
    /** What is made anew, as for {@linkcode transferWeights}. Default: the last layer with parameters. */
    readonly head?: string | readonly string[];
    /** The source of the new head, of orders and dropped units. Default: `key(0)`. */
    readonly key?: Key;
    /** Examples to measure the network by after every epoch. */
    readonly validation?: Examples | ImageSource;
    /**
     * How images are changed at random while the network is fine-tuned, and while the head is
     * trained where `cache` is `false`. Default: not at all.
     */
    readonly augment?: Augmentation;
    /** Whether features are computed once, where that can be. Default: `true`. */
    readonly cache?: boolean;
    /** The most bytes that cached features may take on the host; beyond, there is no cache. Default: 2³⁰. */
    readonly maxFeatureBytes?: number;
    /** A transfer to go on with, which is taken over; the pretrained weights are not used then. */
    readonly from?: TransferPoint;
    /** Called with what was taken over, made anew and left. */
    readonly onTransfer?: (told: Pick<TransferredWeights, "taken" | "made" | "left">) => void;
    /** Called when a phase begins. */
    readonly onPhase?: (plan: PhasePlan) => void;
    /** Called with the number of examples whose features are there, validation included. */
    readonly onFeatures?: (done: number, total: number) => void;
    /** Called with each step's numbers, as {@linkcode fit} does. */
    readonly onStep?: (report: StepReport & { readonly phase: TransferPhaseName }) => void;
  };

/** How a phase will be done. */
export type PhasePlan = {
  readonly phase: TransferPhaseName;
  readonly epochs: number;
  /** How many parameter tensors are trained, and of how many. */
  readonly trained: number;
  readonly parameters: number;
  /** Shape of the features that are computed once; absent where each step runs the whole network. */
  readonly featureShape?: readonly number[];
  /** The layer that the trained part begins with, where features are computed once. */
  readonly tail?: string;
  /** Why nothing is cached, where it is not. */
  readonly reason?: string;
};

/** An epoch's numbers; its `training` is that of the whole network. */
export type TransferReport = EpochReport & { readonly phase: TransferPhaseName };

/**
 * Transfers a trained network to other classes (§12.8, Figures 12.23 and 12.24): takes its weights
 * over with a new head, trains the head with the rest frozen, on features that are computed once,
 * and then, where told, all from some layer on at learning rates that rise from it to the head.
 * Batch normalisation that is frozen keeps its statistics. The same key, examples and options give
 * the same numbers on the same adapter, also when taken up again with `from`.
 *
 * @param model the network with the new classes, `[N, H, W, C] → logits [N, classes]`
 * @param pretrained parameters and state of the same network with other classes, which stay the caller's
 * @param examples what to learn from
 * @param options what is frozen, epochs, fine-tuning, validation, where to go on
 * @returns reports of the epochs of all phases. Their tensors are good until the loop goes on; after the last they are the caller's
 * @throws {TypeError} where the weights are another network's
 * @throws {RangeError} where a pattern matches nothing, something frozen was made anew, or an option is out of range
 * @throws {DeviceError} where the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, flatten, init, key, sequential, start, transfer } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = (classes: number) =>
 *   sequential({ flatten: flatten(), hidden: dense({ features: 4 }), logits: dense({ features: classes }) });
 * const pretrained = init(network(5), key(0), [1, 1, 1]);
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const fineTune = { from: "hidden", epochs: 1 };
 * const phases = [];
 * for await (const { phase } of transfer(network(2), pretrained, examples, { epochs: 2, fineTune })) {
 *   phases.push(phase);
 * }
 * assertEquals(phases, ["head", "head", "fine-tune"]);
 * ```
 */
export async function* transfer<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  pretrained: Weights<Tree, Tree>,
  examples: Examples | ImageSource,
  options: TransferOptions = {},
): AsyncGenerator<TransferReport, void, void> {
  const network = model as unknown as Layer;
  const phases = transferPhases(network, examples.imageShape, stepsOf(examples, options), options);
  const { from } = options;
  const rest = from ? phases.slice(phases.findIndex(({ name }) => name === from.phase)) : phases;
  let training = from?.training ?? begin(network, pretrained, examples, phases[0]!, options);
  for (const phase of rest) {
    if (phase !== rest[0]) training = advance(network, training, phase, examples, options);
    for await (const report of runPhase(network, phase, training, examples, options)) {
      training = report.training;
      yield { ...report, phase: phase.name };
      if (options.signal?.aborted) return;
    }
    if (options.signal?.aborted) return disposeTraining(training);
  }
}

/** Steps of an epoch, which both phases have. */
export function stepsOf(
  examples: Examples | ImageSource,
  { batchSize }: Pick<TransferOptions, "batchSize">,
): number {
  return stepsPerEpoch(examples, { batchSize: batchSizeOf(examples, batchSize) });
}

/** Few images are taken few at a time, so that there are steps to learn in. */
function batchSizeOf({ labels }: Examples | ImageSource, batchSize?: number): number {
  return batchSize ?? Math.min(32, labels.length);
}

/** The run before its first step, of weights that were taken over. */
function begin(
  model: Layer,
  pretrained: Weights<Tree, Tree>,
  { imageShape }: Examples | ImageSource,
  { trainable, optimizer }: TransferPhase,
  options: TransferOptions,
): Training {
  const key = options.key ?? keyOf(0);
  const { params, state, taken, made, left } = transferWeights(model, imageShape, pretrained, {
    key: fold(key, "head"),
    ...(options.head === undefined ? {} : { head: options.head }),
  });
  try {
    requireTrained(params, made, trainable);
    options.onTransfer?.({ taken, made, left });
    return beginTraining(model, optimizer, key, imageShape, {
      trainable,
      weights: { params, state },
    });
  } catch (error) {
    [params, state].forEach((tree) => disposeTree(tree));
    throw error;
  }
}

/** What was made anew has learned nothing: frozen, it would answer noise. */
function requireTrained(
  params: Tree,
  made: readonly string[],
  trainable: (path: string) => boolean,
): void {
  const all = new Set(entries(params).map(([path]) => path));
  const stuck = made.filter((path) => all.has(path) && !trainable(path));
  if (stuck.length === 0) return;
  throw new RangeError(
    `Cannot freeze parameters that were made anew as they must be trained: current value is ${
      stuck.slice(0, 10).join(", ")
    }${stuck.length > 10 ? `, ... and ${stuck.length - 10} more` : ""}`,
  );
}

/** The run of the next phase, with the parameters that the last one ended with. */
function advance(
  model: Layer,
  { params, state, optimizer }: Training,
  phase: TransferPhase,
  { imageShape }: Examples | ImageSource,
  options: TransferOptions,
): Training {
  disposeTree(optimizer);
  const key = fold(options.key ?? keyOf(0), phase.name);
  const { trainable } = phase;
  return beginTraining(model, phase.optimizer, key, imageShape, {
    trainable,
    weights: { params, state },
  });
}

async function* runPhase(
  model: Layer,
  phase: TransferPhase,
  training: Training,
  examples: Examples | ImageSource,
  options: TransferOptions,
): AsyncGenerator<EpochReport, void, void> {
  const { validation, normalise } = options;
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
    ...(normalise ? { normalise } : {}),
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

/** Features of changed images would have to be computed at every step. */
function augmentOf(
  { name }: TransferPhase,
  { augment, cache }: TransferOptions,
): Augmentation | undefined {
  return name === "fine-tune" || cache === false ? augment : undefined;
}

/** Where the model is cut for this phase, or why it is not. */
function cutOf(
  model: Layer,
  phase: TransferPhase,
  examples: Examples | ImageSource,
  options: TransferOptions,
): FrozenSplit | string {
  if (options.cache === false) return "no cache is wanted";
  if (augmentOf(phase, options)) return "images are augmented";
  const split = splitFrozen(model, examples.imageShape, phase.trainable);
  if (!split) return "nothing below what is trained is frozen";
  const count = examples.labels.length + (options.validation?.labels.length ?? 0);
  const bytes = featureBytes(split.featureShape, count);
  const most = options.maxFeatureBytes ?? MAX_FEATURE_BYTES;
  if (bytes > most) return `its features would take ${bytes} bytes, more than ${most}`;
  return split;
}

/** A phase whose body is run once: the tail is trained in its place. */
async function* onCached(
  split: FrozenSplit,
  phase: TransferPhase,
  training: Training,
  examples: Examples | ImageSource,
  options: TransferOptions,
): AsyncGenerator<EpochReport, void, void> {
  const part = (names: readonly string[]): Weights<Tree, Tree> => ({
    params: pickNames(training.params, names),
    state: pickNames(training.state, names),
  });
  const body = part(split.bodyNames);
  const sources = await featuresOf(split.body, body, examples, options);
  if (!sources) return; // The signal came first.
  const [features, validation] = sources;
  const whole = (run: Training): Training => ({
    ...run,
    params: { ...body.params as Record<string, Tree>, ...run.params as Record<string, Tree> },
    state: { ...body.state as Record<string, Tree>, ...run.state as Record<string, Tree> },
  });
  const run = fit(onFeatures(split.tail, split.featureShape), features!, {
    ...fitOptions(phase, examples, options),
    from: { ...training, ...part(split.tailNames) },
    ...(validation ? { validation } : {}),
  });
  for await (const report of run) yield { ...report, training: whole(report.training) };
}

/** Features of the examples and of those to validate with; nothing where the signal ended it. */
async function featuresOf(
  body: Layer,
  weights: Weights<Tree, Tree>,
  examples: Examples | ImageSource,
  { validation, normalise, signal, jit, onFeatures, maxFeatureBytes }: TransferOptions,
): Promise<ImageSource[] | undefined> {
  const sources = validation ? [examples, validation] : [examples];
  const total = sources.reduce((sum, { labels }) => sum + labels.length, 0);
  const found: ImageSource[] = [];
  let before = 0;
  for (const source of sources) {
    const options: CachedFeaturesOptions = {
      maxBytes: maxFeatureBytes ?? MAX_FEATURE_BYTES,
      onProgress: (done) => onFeatures?.(before + done, total),
      ...(normalise ? { normalise } : {}),
      ...(signal ? { signal } : {}),
      ...(jit === undefined ? {} : { jit }),
    };
    try {
      found.push(await cachedFeatures(body, weights, source, options));
    } catch (error) {
      if (signal?.aborted) return undefined;
      throw error;
    }
    before += source.labels.length;
  }
  return found;
}
