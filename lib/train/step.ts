// One training step: forward, backward, update, as a function from a run's state to the next.
import type { TreeBatch } from "../data/columns.ts";
import type { Batch } from "../data/dataset.ts";
import type { Layer } from "../layers/layer.ts";
import type { Loss } from "../losses/losses.ts";
import { type Optimizer, stepWith } from "../optimizers/optimizer.ts";
import type { BatchPart } from "../tensor/batch_part.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { fold, type Key } from "../tensor/random.ts";
import type { Scalar, Shape, ShapeTree, Tensor } from "../tensor/tensor.ts";
import { mapTree, shapesOf, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type AuxiliaryLosses, auxiliaryLossesOf, watchExits } from "./auxiliary_losses.ts";
import { keep, type LossScale, narrow, overflow } from "../tensor/mixed_precision.ts";
import {
  inPrecision,
  lossScaleOf,
  type PrecisionOptions,
  requirePrecision,
} from "./mixed_precision.ts";
import { type Measured, type Objective, objectiveOf, stackNumbers } from "./objective.ts";
import type { Together } from "./together.ts";
import { joinParams, type SplitParams, splitParams, type Trainable } from "./trainable.ts";
import { requireOptions } from "../text/require.ts";

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
} & PrecisionOptions;

/**
 * Makes the training step of a classifier (§12.5): a pure function, which leaves no tensors behind but
 * those it returns.
 *
 * @param model the model
 * @param loss the loss
 * @param optimizer the optimizer
 * @param options which losses are added, which parameters are trained
 * @returns the step: from trees, a batch and the step's key to the next trees, the loss and the
 * number of correct predictions. The optimizer's state must be that of the trained parameters, as
 * {@linkcode beginTraining} makes it for this precision. In mixed precision the step must be called
 * under {@linkcode jit}, or it throws a `DeviceError`. The step throws a `RangeError` or `TypeError` if the losses to
 * add are not the model's, or no parameter is trained
 * @throws {TypeError} if the loss is no function
 * @throws {RangeError} if an option of mixed precision is not in its range
 * @throws {DeviceError} if the precision is mixed, and there is no float16
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
  requireOptions("make a training step", options, {
    auxiliaryLosses: true,
    trainable: true,
    precision: true,
    lossScale: true,
  });
  const objective = objectiveOf("make a training step", true, { loss });
  requirePrecision("make a training step", options);
  const step = splitStep(model, objective, inPrecision(optimizer, options), options);
  return ({ params, ...rest }, { images, labels }, key) => {
    const split = splitParams(params, options.trainable);
    const batch = { inputs: images, targets: labels };
    const { trained, measured, ...next } = step({ ...split, ...rest }, batch, key);
    const { loss, correct } = measured;
    const joined = joinParams<P>({ trained, frozen: split.frozen });
    return { ...next, params: joined, loss, correct: correct! };
  };
}

/** What a step changes, of split parameters. */
export type SplitState<S extends Tree> = {
  readonly trained: Tree;
  readonly state: S;
  readonly optimizer: Tree;
};

/** A part of a batch, and what is exchanged for the rest of it. */
export type SharedBatch = TreeBatch & { readonly part?: BatchPart };

/**
 * The one training step: of any model, parameters that are split already, and an objective. With
 * other ranks its numbers and the next parameters are those of a step with the whole batch.
 *
 * @param optimizer the optimizer, in the precision of the options
 * @param ranks what it exchanges with other ranks, if there are any
 */
export function splitStep<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  objective: Objective,
  optimizer: Optimizer,
  options: TrainStepOptions,
  ranks?: Together,
): (
  from: SplitState<S> & SplitParams,
  batch: SharedBatch,
  key: Key,
) => SplitState<S> & { readonly measured: Measured } {
  const lossesFor = rememberByShape((shape) =>
    auxiliaryLossesOf(model, shape, options.auxiliaryLosses)
  );
  const { trainable } = options;
  const freezing = trainable ? { frozen: (path: string) => !trainable(path) } : {};
  type Given = SharedBatch & { readonly state: S; readonly lossScale: LossScale | undefined };
  const differentiate = valueAndGrad(
    (trained: Tree, frozen: Tree, given: Given, key: Key) => {
      const { state, inputs, targets, part, lossScale } = given;
      // Refuses what is not the model's before anything is computed.
      const { add, ...watching } = watchExits(lossesFor(shapesOf(inputs)));
      const { statistics } = ranks ?? {};
      const shared = part ? { part, ...(statistics ? { statistics } : {}) } : {};
      const context = { training: true, key, ...freezing, ...watching, ...shared };
      const params = joinParams<P>({ trained, frozen });
      const [outputs, nextState] = model.apply(params, state, inputs as Tensor, context);
      const { loss, ...rest } = objective.measure(outputs, targets);
      const own = add(objective.loss, loss, targets as Tensor);
      const total = part && ranks
        ? tf.mul(own, shareOf(objective, targets, part, ranks)) as Scalar
        : own;
      const scaled: Scalar = lossScale ? tf.mul(total, lossScale.scale) : total;
      // An empty part must not move the running statistics that it has of its own.
      const kept = part?.count === 0 && !statistics ? state : nextState;
      return [scaled, { state: kept, loss: total, ...rest }];
    },
  );
  return ({ trained, frozen, state, optimizer: optimizerState }, batch, key) =>
    tf.tidy(() => {
      const lossScale = lossScaleOf(optimizerState);
      // From here on tensors are held as float16.
      const overflowed = lossScale && overflow();
      const weights = lossScale ? narrow({ trained, frozen }) : { trained, frozen };
      const given = { state, ...batch, lossScale };
      const modelKey = fold(key, "model");
      const { grads: own, aux } = differentiate(
        weights.trained,
        weights.frozen,
        given,
        modelKey,
      );
      const { state: made, ...numbers } = aux;
      const { part } = batch;
      const { grads, measured } = ranks && part
        ? sumOfRanks(ranks, part, own, numbers, overflowed)
        : { grads: own, measured: numbers };
      const [next, nextOptimizer] = stepWith(optimizer, grads, optimizerState, trained);
      const nextState = lossScale ? keep(state, made as S) : made;
      // deno-lint-ignore no-explicit-any -- tidy's types know records of tensors, not trees
      const result: any = {
        trained: next,
        state: nextState,
        optimizer: nextOptimizer,
        measured,
      };
      return result;
    });
}

/** The share of a part's loss in that of its batch. */
function shareOf(
  { weightOf }: Objective,
  targets: Tree,
  { count, of }: BatchPart,
  ranks: Together,
): Tensor | number {
  if (!weightOf) return count / of;
  const own = tf.mul(weightOf(targets as Tensor), count === 0 ? 0 : 1) as Scalar;
  return tf.div(own, ranks.sum(own));
}

/** The gradients and numbers of a batch from those of its parts. */
function sumOfRanks(
  ranks: Together,
  { count, of }: BatchPart,
  grads: Tree,
  { loss, metrics, correct }: Measured,
  overflowed: Scalar | undefined,
): { readonly grads: Tree; readonly measured: Measured } {
  const means = mapTree(([mean]) => tf.mul(mean!, count / of), metrics);
  const counted = correct && tf.mul(correct, count === 0 ? 0 : 1) as Scalar;
  const numbers = stackNumbers({ loss, metrics: means, correct: counted });
  const { gradients, numbers: sums } = ranks.sums(grads, numbers, overflowed);
  const [first, ...others] = tf.unstack(sums) as [Scalar, ...Scalar[]];
  const own = correct ? others.shift()! : null;
  const names = Object.keys(metrics);
  return {
    grads: gradients,
    measured: {
      loss: first,
      correct: own,
      metrics: Object.fromEntries(names.map((name, i) => [name, others[i]!])),
    },
  };
}

/** The same function, called once per shape. */
function rememberByShape<T>(f: (shape: Shape) => T): (shape: ShapeTree) => T {
  const known = new Map<string, T>();
  return (shape) => {
    const place = JSON.stringify(shape);
    const found = known.get(place) ?? f(shape as Shape);
    known.set(place, found);
    return found;
  };
}
