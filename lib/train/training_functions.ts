// What a training run calls on the device: its step and its forward pass, recorded unless `jit` is false.
import type { Augmentation } from "../augment/augmentation.ts";
import type { TreeBatch } from "../data/columns.ts";
import { type Normalization, requireMoments } from "../data/normalization.ts";
import { jit } from "../device/jit/jit.ts";
import type { Layer } from "../layers/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor, Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import { disposeTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Forward, forwardOf } from "./evaluate.ts";
import { scaleNumbers } from "./mixed_precision.ts";
import { type Objective, stackNumbers } from "./objective.ts";
import { type SplitState, splitStep, type TrainStepOptions } from "./step.ts";
import type { SplitParams } from "./trainable.ts";

/** A batch, and what was drawn to augment it. */
export type DrawnBatch = TreeBatch & { readonly drawn: Tree };

/**
 * A training step that returns all its numbers in one tensor, see {@linkcode stackNumbers}; in mixed
 * precision those of the loss scale come last.
 */
export type Step<S extends Tree> = (
  from: SplitState<S> & SplitParams,
  batch: DrawnBatch,
  key: Key,
) => SplitState<S> & { readonly numbers: Tensor };

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
  const { objective } = options;
  const train = splitStep(model, objective, options.optimizer, options);
  // The donated argument comes first; frozen parameters are an argument of their own, as they stay.
  const move = (
    moving: SplitState<S>,
    frozen: Tree,
    batch: DrawnBatch,
    key: Key,
  ): SplitState<S> & { readonly numbers: Tensor } => {
    const seen = augmented(batch, options);
    const { measured, ...next } = train({ ...moving, frozen }, seen, key);
    const numbers = tf.tidy(() => stackNumbers(measured, scaleNumbers(next.optimizer)));
    disposeTree(measured);
    if (options.augment) disposeTree(seen, batch);
    return { ...next, numbers };
  };
  const stepBy =
    (run: typeof move): Step<S> => ({ trained, state, optimizer, frozen }, batch, key) =>
      run({ trained, state, optimizer }, frozen, batch, key);
  const forward = forwardOf(model, objective);
  if (options.jit === false) return { step: stepBy(move), forward, dispose: () => {} };
  const check = options.jit === "check" ? { check: true } : {};
  const recorded = { move: jit(move, { donate: [0], ...check }), forward: jit(forward, check) };
  return {
    step: stepBy(recorded.move as typeof move),
    forward: recorded.forward,
    dispose(): void {
      for (const each of Object.values(recorded)) each.dispose();
    },
  };
}

/** The batch as the model sees it; it may share tensors with the given one. */
function augmented(
  { inputs, targets, drawn }: DrawnBatch,
  { augment, normalize = "unit" }: FunctionOptions,
): TreeBatch {
  if (!augment) return { inputs, targets };
  const [images, labels] = [inputs as Tensor4D, targets as Tensor2D];
  return tf.tidy(() => {
    const next = augment.apply({ images, labels }, drawn);
    return { inputs: normalizeImages(next.images, normalize), targets: next.labels };
  });
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
