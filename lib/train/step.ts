// One training step: forward, backward, update, as a function from a run's state to the next.
import type { Batch } from "../data/dataset.ts";
import type { Layer } from "../layers/layer.ts";
import type { Loss } from "../losses/losses.ts";
import { type Optimizer, stepWith } from "../optimizers/optimizer.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { fold, type Key } from "../tensor/random.ts";
import type { Scalar, Shape, Tensor, Tensor2D } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type AuxiliaryLosses, auxiliaryLossesOf, watchExits } from "./auxiliary_losses.ts";
import { correctCount } from "./metrics.ts";
import { joinParams, type SplitParams, splitParams, type Trainable } from "./trainable.ts";

/** What a step changes. */
export type TrainState<P extends Tree, S extends Tree> = {
  readonly params: P;
  readonly state: S;
  readonly optimizer: Tree;
};

/** What a step returns; the caller owns its tensors. */
export type StepResult<P extends Tree, S extends Tree> = TrainState<P, S> & {
  /** Mean loss of the batch, with those of auxiliary heads, shape `[]`. */
  readonly loss: Scalar;
  /** The number of correct predictions before the update, shape `[]`. */
  readonly correct: Scalar;
};

/** Options of {@linkcode trainStep}. */
export type TrainStepOptions = {
  /**
   * Weights of the losses of other layers' outputs, by path: `{ "aux1/head": 0.3 }`. Default: those
   * of the model's {@linkcode auxiliary} layers; `{}` leaves their heads untrained.
   */
  readonly auxiliaryLosses?: AuxiliaryLosses;
  /**
   * Which parameters are trained, by path. The others are frozen: they have no gradients,
   * the optimizer does not see them, and the step returns the same tensors. A batch normalization
   * whose parameters are all frozen uses its running statistics and keeps them. Default: all.
   */
  readonly trainable?: Trainable;
};

/**
 * Makes the training step of a model (§12.5): a pure function, which leaves no tensors behind but
 * those it returns.
 *
 * @param model the model
 * @param loss the loss
 * @param optimizer the optimizer
 * @param options which losses are added, which parameters are trained
 * @returns the step: from trees, a batch and the step's key to the next trees, the loss and the
 * number of correct predictions. The optimizer's state must be that of the trained parameters, as
 * {@linkcode beginTraining} makes it. The step throws a `RangeError` or `TypeError` if the losses to
 * add are not the model's, or no parameter is trained
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { dense, init, key, sgd, softmaxCrossEntropy, start, tf, trainStep } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = dense({ features: 2 });
 * const optimizer = sgd({ learningRate: 1 });
 * const { params, state } = init(model, key(0), [1]);
 * const step = trainStep(model, softmaxCrossEntropy, optimizer);
 * const batch = { images: tf.ones([1, 1]), labels: tf.tensor2d([[0, 1]]) };
 * const first = step({ params, state, optimizer: optimizer.init(params) }, batch, key(1));
 * const second = step(first, batch, key(2));
 * assert(await second.loss.array() < await first.loss.array());
 * ```
 */
export function trainStep<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  loss: Loss,
  optimizer: Optimizer,
  options: TrainStepOptions = {},
): (
  from: TrainState<P, S>,
  batch: Pick<Batch, "labels"> & { images: Tensor },
  key: Key,
) => StepResult<P, S> {
  const step = splitStep(model, loss, optimizer, options);
  return ({ params, ...rest }, batch, key) => {
    const split = splitParams(params, options.trainable);
    const { trained, ...next } = step({ ...split, ...rest }, batch, key);
    return { ...next, params: joinParams<P>({ trained, frozen: split.frozen }) };
  };
}

/** What a step changes, of split parameters. */
export type SplitState<S extends Tree> = {
  readonly trained: Tree;
  readonly state: S;
  readonly optimizer: Tree;
};

/** As {@linkcode trainStep}, for parameters that are split already. */
export function splitStep<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  loss: Loss,
  optimizer: Optimizer,
  options: TrainStepOptions,
): (
  from: SplitState<S> & SplitParams,
  batch: Pick<Batch, "labels"> & { images: Tensor },
  key: Key,
) => SplitState<S> & { readonly loss: Scalar; readonly correct: Scalar } {
  const lossesFor = rememberByShape((shape) =>
    auxiliaryLossesOf(model, shape, options.auxiliaryLosses)
  );
  const { trainable } = options;
  const freezing = trainable ? { frozen: (path: string) => !trainable(path) } : {};
  type Given = { readonly state: S; readonly images: Tensor; readonly labels: Tensor2D };
  const objective = valueAndGrad(
    (trained: Tree, frozen: Tree, { state, images, labels }: Given, key: Key) => {
      // Refuses what is not the model's before anything is computed.
      const { add, ...watching } = watchExits(lossesFor(images.shape.slice(1)));
      const context = { training: true, key, ...freezing, ...watching };
      const params = joinParams<P>({ trained, frozen });
      const [logits, nextState] = model.apply(params, state, images, context);
      const correct = correctCount(logits as Tensor2D, labels);
      return [add(loss, loss(logits, labels), labels), { state: nextState, correct }];
    },
  );
  return ({ trained, frozen, state, optimizer: optimizerState }, { images, labels }, key) =>
    tf.tidy(() => {
      const given = { state, images, labels };
      const { value, grads, aux } = objective(trained, frozen, given, fold(key, "model"));
      const [next, nextOptimizer] = stepWith(optimizer, grads, optimizerState, trained);
      // deno-lint-ignore no-explicit-any -- tidy's types know records of tensors, not trees
      const result: any = {
        trained: next,
        state: aux.state,
        optimizer: nextOptimizer,
        loss: value,
        correct: aux.correct,
      };
      return result;
    });
}

/** The same function, called once per shape. */
function rememberByShape<T>(f: (shape: Shape) => T): (shape: Shape) => T {
  const known = new Map<string, T>();
  return (shape) => {
    const found = known.get(`${shape}`) ?? f(shape);
    known.set(`${shape}`, found);
    return found;
  };
}
