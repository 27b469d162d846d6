// What a training run calls on the device: its step and its forward pass, recorded unless `jit` is false.
import type { Augmentation } from "../augment/augmentation.ts";
import { type Normalization, requireMoments } from "../data/normalization.ts";
import { jit, jitExchanging } from "../device/jit/jit.ts";
import type { Layer } from "../layers/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { rowsOfTree } from "../tensor/batch_part.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor, Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import { disposeTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Forward, forwardOf } from "./evaluate.ts";
import { scaleNumbers } from "./mixed_precision.ts";
import { type Objective, stackNumbers } from "./objective.ts";
import { type SharedBatch, type SplitState, splitStep, type TrainStepOptions } from "./step.ts";
import type { Together } from "./together.ts";
import type { SplitParams } from "./trainable.ts";

/** A batch, or this rank's part of it, and what was drawn to augment it. */
export type DrawnBatch = SharedBatch & {
  readonly drawn: Tree;
  /** Whether all of the batch is there, of which the part is yet to be cut. */
  readonly whole?: boolean;
};

/**
 * What a step comes to; all its numbers are in one tensor, see {@linkcode stackNumbers}; in mixed
 * precision those of the loss scale come last.
 */
export type Stepped<S extends Tree> = SplitState<S> & { readonly numbers: Tensor };

/** A training step. With other ranks it takes until they have done theirs. */
export type Step<S extends Tree> = (
  from: SplitState<S> & SplitParams,
  batch: DrawnBatch,
  key: Key,
) => Stepped<S> | Promise<Stepped<S>>;

/** Frees what a step replaced. */
export function disposeState<S extends Tree>(before: SplitState<S>, after: SplitState<S>): void {
  const kept = [after.trained, after.state, after.optimizer];
  for (const tree of [before.trained, before.state, before.optimizer]) disposeTree(tree, ...kept);
}

/** What an epoch calls. */
export type TrainingFunctions<S extends Tree> = {
  readonly step: Step<S>;
  readonly forward: Forward;
  dispose(): void;
};

/** Options of {@linkcode trainingFunctions}. */
type FunctionOptions = TrainStepOptions & {
  readonly optimizer: Optimizer;
  readonly objective: Objective;
  readonly jit?: boolean | "check";
  /** Only of labeled images. */
  readonly augment?: Augmentation;
  readonly normalize?: Normalization;
  /** What steps exchange with other ranks, if there are any. */
  readonly ranks?: Together;
};

/**
 * The functions of a run.
 *
 * @param options optimizer, objective, which parameters are trained, whether steps are recorded
 */
export function trainingFunctions<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  options: FunctionOptions,
): TrainingFunctions<S> {
  const { objective, ranks } = options;
  const train = splitStep(model, objective, options.optimizer, options, ranks);
  // The donated argument comes first; frozen parameters are an argument of their own, as they stay.
  const move = (
    moving: SplitState<S>,
    frozen: Tree,
    batch: Omit<DrawnBatch, "part" | "whole">,
    place: string,
    key: Key,
  ): Stepped<S> => {
    const seen = cut(augmented(batch, options), JSON.parse(place) as Place);
    const { measured, ...next } = train({ ...moving, frozen }, seen, key);
    const numbers = tf.tidy(() => stackNumbers(measured, scaleNumbers(next.optimizer)));
    disposeTree(measured);
    const { inputs, targets } = seen;
    if (options.augment) disposeTree({ inputs, targets }, batch);
    return { ...next, numbers };
  };
  const stepBy =
    (run: (...values: Parameters<typeof move>) => ReturnType<Step<S>>): Step<S> =>
    ({ trained, state, optimizer, frozen }, batch, key) => {
      const { part, whole, ...tensors } = batch;
      // As a text it is part of the recording's form: numbers would be arguments, tensors.
      const place: Place = { part, whole };
      return run({ trained, state, optimizer }, frozen, tensors, JSON.stringify(place), key);
    };
  const forward = forwardOf(model, objective);
  if (options.jit === false) return { step: stepBy(move), forward, dispose: () => {} };
  const check = options.jit === "check" ? { check: true } : {};
  const record = ranks ? jitExchanging : jit;
  const recorded = {
    move: record(move, { donate: [0], ...check }),
    forward: jit(forward, check),
  };
  return {
    step: stepBy(recorded.move as (...values: Parameters<typeof move>) => ReturnType<Step<S>>),
    forward: recorded.forward,
    dispose(): void {
      for (const each of Object.values(recorded)) each.dispose();
    },
  };
}

/** The batch as the model sees it; it may share tensors with the given one. */
function augmented(
  { inputs, targets, drawn }: Omit<DrawnBatch, "part" | "whole">,
  { augment, normalize = "unit" }: FunctionOptions,
): { readonly inputs: Tree; readonly targets: Tree } {
  if (!augment) return { inputs, targets };
  const [images, labels] = [inputs as Tensor4D, targets as Tensor2D];
  return tf.tidy(() => {
    const next = augment.apply({ images, labels }, drawn);
    return { inputs: normalizeImages(next.images, normalize), targets: next.labels };
  });
}

/** Where in a batch this rank's examples are. */
type Place = Pick<DrawnBatch, "part" | "whole">;

/** The part of a batch that this rank computes. */
function cut(
  { inputs, targets }: { readonly inputs: Tree; readonly targets: Tree },
  { part, whole }: Place,
): SharedBatch {
  if (!part || !whole) return { inputs, targets, ...(part ? { part } : {}) };
  const rows = (tree: Tree): Tree => rowsOfTree(tree, part);
  return { inputs: rows(inputs), targets: rows(targets), part };
}

/**
 * Normalizes images by channel: (x − mean) / std.
 *
 * @param images in 0 to 1, `[N, H, W, C]`
 * @param normalize the rule, `"unit"` for none
 * @returns the images, the same tensor for `"unit"`
 * @throws {RangeError} if there is not one finite mean and one positive finite deviation a channel
 */
function normalizeImages(images: Tensor4D, normalize: Normalization): Tensor4D {
  if (normalize === "unit") return images;
  requireMoments(normalize, images.shape[3]);
  const { mean, std } = normalize;
  return tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...std]));
}
