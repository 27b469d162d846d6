// What a training run calls on the device: its step and its forward pass, recorded unless `jit` is false.
import type { Augmentation } from "../augment/augmentation.ts";
import type { Batch } from "../data/dataset.ts";
import { type Normalization, pixelTable } from "../data/normalization.ts";
import { jit } from "../device/jit/jit.ts";
import type { Layer } from "../layers/layer.ts";
import { type Loss, softmaxCrossEntropy } from "../losses/losses.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor, Tensor4D } from "../tensor/tensor.ts";
import { disposeTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Forward, forwardOf } from "./evaluate.ts";
import { type SplitState, splitStep, type TrainStepOptions } from "./step.ts";
import type { SplitParams } from "./trainable.ts";

/** A batch, and what was drawn to augment it. */
export type DrawnBatch = Pick<Batch, "images" | "labels"> & { readonly drawn: Tree };

/** A training step that returns loss and count of correct predictions in one tensor, `[2]`. */
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
export type TrainingFunctions<P extends Tree, S extends Tree> = {
  readonly step: Step<S>;
  readonly forward: Forward<P, S>;
  dispose(): void;
};

/** Options of {@linkcode trainingFunctions}. */
type FunctionOptions = TrainStepOptions & {
  readonly optimizer: Optimizer;
  readonly loss?: Loss;
  readonly jit?: boolean | "check";
  readonly augment?: Augmentation;
  readonly normalize?: Normalization;
};

/**
 * The functions of a run.
 *
 * @param options optimizer, loss, which parameters are trained, whether steps are recorded
 */
export function trainingFunctions<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  options: FunctionOptions,
): TrainingFunctions<P, S> {
  const { loss = softmaxCrossEntropy } = options;
  const train = splitStep(model, loss, options.optimizer, options);
  // The donated argument comes first; frozen parameters are an argument of their own, as they stay.
  const move = (
    moving: SplitState<S>,
    frozen: Tree,
    batch: DrawnBatch,
    key: Key,
  ): SplitState<S> & { readonly numbers: Tensor } => {
    const seen = augmented(batch, options);
    const { loss, correct, ...next } = train({ ...moving, frozen }, seen, key);
    const numbers = tf.stack([loss, correct]);
    tf.dispose([loss, correct]);
    if (options.augment) disposeTree(seen, batch);
    return { ...next, numbers };
  };
  const stepBy =
    (run: typeof move): Step<S> => ({ trained, state, optimizer, frozen }, batch, key) =>
      run({ trained, state, optimizer }, frozen, batch, key);
  const forward = forwardOf(model, loss);
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
  { images, labels, drawn }: DrawnBatch,
  { augment, normalize = "unit" }: FunctionOptions,
): Pick<Batch, "images" | "labels"> {
  if (!augment) return { images, labels };
  return tf.tidy(() => {
    const next = augment.apply({ images, labels }, drawn);
    return { images: normalizeImages(next.images, normalize), labels: next.labels };
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
  pixelTable(normalize, images.shape[3]); // Refuses moments that are not one a channel.
  const { mean, std } = normalize;
  return tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...std]));
}
