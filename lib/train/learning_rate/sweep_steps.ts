// The steps of a search for a learning rate: a short training of copies.
import type { Augmentation } from "../../augment/augmentation.ts";
import { type Batch, batches } from "../../data/dataset.ts";
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import type { Normalization } from "../../data/normalization.ts";
import type { Layer, Network } from "../../layers/layer.ts";
import type { Loss } from "../../losses/losses.ts";
import type { Optimizer } from "../../optimizers/optimizer.ts";
import type { Schedule } from "../../optimizers/schedule.ts";
import { oneBehind } from "../../tensor/one_behind.ts";
import { fold, type Key, key as keyOf } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { disposeTree, mapTree, type Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import type { AuxiliaryLosses } from "../auxiliary_losses.ts";
import { batchSizeOf } from "../open_feed.ts";
import { endOf, ratesOf, smooth, type Sweep } from "./learning_rate_sweep.ts";
import type { SplitState } from "../step.ts";
import { type SplitParams, splitParams, type Trainable } from "../trainable.ts";
import { beginTraining } from "../training.ts";
import { disposeState, type Step } from "../training_functions.ts";

/** Options of {@linkcode findLearningRate}. */
export type FindLearningRateOptions<P extends Tree = Tree, S extends Tree = Tree> = Sweep & {
  /** The optimizer, made with the rising learning rate. Default: {@linkcode adam}. */
  readonly optimizer?: (learningRate: Schedule) => Optimizer;
  /** Parameters and state to begin with, which are copied. Default: as `fit` begins with this key. */
  readonly network?: Pick<Network<P, S>, "params" | "state">;
  /** Examples a step, from 1 to all, always whole batches. Default: 128, or all if there are fewer. */
  readonly batchSize?: number;
  /** The loss. Default: {@linkcode softmaxCrossEntropy}. */
  readonly loss?: Loss;
  /** Losses of other layers' outputs to add, as for {@linkcode fit}. */
  readonly auxiliaryLosses?: AuxiliaryLosses;
  /** Which parameters are trained, as for {@linkcode fit}. Default: all. */
  readonly trainable?: Trainable;
  /** Changes each batch at random, as for {@linkcode fit}. Default: nothing. */
  readonly augment?: Augmentation;
  /** How pixels become numbers. Default: as in {@linkcode batches}. */
  readonly normalize?: Normalization;
  /** The source of parameters, order and dropped units. Default: `key(0)`. */
  readonly key?: Key;
  /** Ends the search after the current step: it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly onStep?: (report: SweepStep) => void;
  /** Whether steps are recorded and replayed, see {@linkcode jit}. Default: `true`. */
  readonly jit?: boolean;
};

/** A step of a sweep. */
export type SweepStep = {
  /** The step, from 1. */
  readonly step: number;
  /** How many there are at most. */
  readonly steps: number;
  /** Its learning rate. */
  readonly rate: number;
  /** The loss of its batch, before its update. */
  readonly loss: number;
  /** The smoothed loss. */
  readonly smoothed: number;
};

/** What a sweep trains. */
export type SweepRun<S extends Tree> = SplitState<S> & SplitParams;

/** What a sweep trains: copies of the given network, or new parameters. */
export function beginSweep<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  optimizer: Optimizer,
  { imageShape }: Examples | ImageSource,
  { key = keyOf(0), network, trainable }: FindLearningRateOptions<P, S>,
): SweepRun<S> {
  const copy = <T extends Tree>(tree: T): T => mapTree(([leaf]) => tf.mul(leaf!, 1), tree);
  const copied = network && { params: copy(network.params), state: copy(network.state) };
  try {
    const { params, state, optimizer: begun } = beginTraining(model, optimizer, key, imageShape, {
      ...(copied && { network: copied }),
      ...(trainable && { trainable }),
    });
    return { ...splitParams(params, trainable), state, optimizer: begun };
  } catch (error) {
    if (copied) disposeTree(copied);
    throw error;
  }
}

/**
 * Does the steps of a sweep.
 *
 * @param run what is trained, replaced at each step; the caller disposes of it
 * @param options batches, `onStep`
 */
export async function runSweep<P extends Tree, S extends Tree>(
  run: { current: SweepRun<S> },
  step: Step<S>,
  examples: Examples | ImageSource,
  sweep: Required<Sweep>,
  options: FindLearningRateOptions<P, S>,
): Promise<number[]> {
  const losses: number[] = [];
  const rates = ratesOf(sweep);
  let [begun, end]: [number, ReturnType<typeof endOf>] = [0, undefined];
  const account = async (numbers: Tensor): Promise<void> => {
    const [loss] = await numbers.data().finally(() => numbers.dispose());
    if (end !== undefined) return; // A step more than was wanted.
    losses.push(loss!);
    const i = losses.length - 1;
    end = endOf(losses, sweep);
    if (end === "no number") return void losses.pop();
    const smoothed = smooth(losses, sweep).smoothed[i]!;
    options.onStep?.({ step: i + 1, steps: sweep.steps, rate: rates[i]!, loss: loss!, smoothed });
    if (end === undefined) options.signal?.throwIfAborted();
  };
  await using reads = oneBehind();
  for await (const batch of endlessBatches(examples, options)) {
    await reads.next(await takeStep(run, step, batch, begun, options), account);
    if (++begun === sweep.steps) await reads.end();
    if (end !== undefined) break;
  }
  return losses;
}

/** Does a step, and returns its batch's numbers, the loss first. */
async function takeStep<S extends Tree>(
  run: { current: SweepRun<S> },
  step: Step<S>,
  { images, labels }: Batch,
  i: number,
  { key = keyOf(0), augment }: Pick<FindLearningRateOptions, "key" | "augment">,
): Promise<Tensor> {
  const batch = { inputs: images, targets: labels, drawn: {} as Tree };
  try {
    batch.drawn = augment?.draw(fold(fold(key, "augment"), i), images.shape) ?? {};
    const { numbers, ...moved } = await step(run.current, batch, fold(fold(key, "step"), i));
    disposeState(run.current, moved);
    run.current = { ...run.current, ...moved };
    return numbers;
  } finally {
    disposeTree(batch);
  }
}

/** Whole batches, epoch after epoch. */
async function* endlessBatches(
  examples: Examples | ImageSource,
  { key = keyOf(0), normalize, augment, batchSize }: FindLearningRateOptions,
): AsyncGenerator<Batch, void, void> {
  for (let epoch = 0;; epoch++) {
    yield* batches(examples, {
      batchSize: batchSizeOf(examples, batchSize === undefined ? {} : { batchSize }),
      key: fold(fold(key, "order"), epoch),
      dropRemainder: true,
      // What is augmented is normalized afterwards, by the step.
      ...(normalize && !augment && { normalize }),
    });
  }
}
