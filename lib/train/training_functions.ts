// What a training run calls on the device: its step and its measure, recorded where they can be.
import type { Augmentation } from "../augment/augmentation.ts";
import type { Batch } from "../data/dataset.ts";
import type { Normalization } from "../data/normalization.ts";
import { jit } from "../device/jit/jit.ts";
import type { Layer } from "../layers/layer.ts";
import { type Loss, softmaxCrossEntropy } from "../losses/losses.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { disposeTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { normalizeImages } from "./normalize_images.ts";
import { type Forward, forwardOf } from "./evaluate.ts";
import { type Trained, trainStep, type TrainStepOptions } from "./step.ts";
import { joinTrainable, partTrainable } from "./trainable.ts";

/** A batch, and what was drawn to augment it. */
export type DrawnBatch = Pick<Batch, "images" | "labels"> & { readonly drawn: Tree };

/** A training step that answers loss and count of right answers in one tensor, `[2]`. */
export type Step<P extends Tree, S extends Tree> = (
  trained: Trained<P, S>,
  batch: DrawnBatch,
  key: Key,
) => Trained<P, S> & { readonly numbers: Tensor };

/** What an epoch calls. */
export type TrainingFunctions<P extends Tree, S extends Tree> = {
  readonly step: Step<P, S>;
  readonly forward: Forward<P, S>;
  dispose(): void;
};

/** Options of {@linkcode trainingFunctions}. */
type FunctionOptions = TrainStepOptions & {
  readonly optimizer: Optimizer;
  readonly loss?: Loss;
  readonly jit?: boolean;
  readonly augment?: Augmentation;
  readonly normalize?: Normalization;
};

/** What a step changes: of the parameters those that are trained. */
type Moving<S extends Tree> = Trained<Tree, S>;

/**
 * The functions of a run.
 *
 * @param model the model
 * @param options optimizer, loss, what is trained, whether steps are recorded
 */
export function trainingFunctions<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  options: FunctionOptions,
): TrainingFunctions<P, S> {
  const { loss = softmaxCrossEntropy, trainable } = options;
  const train = trainStep(model, loss, options.optimizer, options);
  // What is used up comes first; frozen parameters are an argument of their own, as they stay.
  const move = (
    moving: Moving<S>,
    frozen: Tree,
    batch: DrawnBatch,
    key: Key,
  ): Moving<S> & { readonly numbers: Tensor } => {
    const params = joinTrainable<P>([moving.params, frozen]);
    const seen = augmented(batch, options);
    const { loss, correct, ...trained } = train({ ...moving, params }, seen, key);
    const numbers = tf.stack([loss, correct]);
    tf.dispose([loss, correct]);
    if (options.augment) disposeTree(seen, batch);
    return { ...trained, params: partTrainable(trained.params, trainable)[0], numbers };
  };
  const stepBy = (run: typeof move): Step<P, S> => ({ params, state, optimizer }, batch, key) => {
    const [trained, frozen] = partTrainable(params, trainable);
    const next = run({ params: trained, state, optimizer }, frozen, batch, key);
    return { ...next, params: joinTrainable<P>([next.params, frozen]) };
  };
  const forward = forwardOf(model, loss);
  if (options.jit === false) return { step: stepBy(move), forward, dispose: () => {} };
  const recorded = { move: jit(move, { donate: [0] }), forward: jit(forward) };
  return {
    step: stepBy(recorded.move as typeof move),
    forward: recorded.forward,
    dispose(): void {
      for (const each of Object.values(recorded)) each.dispose();
    },
  };
}

/** The batch as the model sees it, some of which may be what it was. */
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
