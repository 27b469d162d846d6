// A training run: the network, and all that its training needs to continue to the same numbers.
import { init, type Layer, type Network } from "../layers/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { fold, type Key } from "../tensor/random.ts";
import type { ShapesOf, Tensor } from "../tensor/tensor.ts";
import { disposeTree, type Path, type Tree } from "../tensor/tree.ts";
import type { Tensors } from "../weights/checkpoint.ts";
import type { Json } from "../weights/json.ts";
import type { DataIdentity } from "./data_identity.ts";
import { inPrecision, type PrecisionOptions } from "./mixed_precision.ts";
import { splitParams, type Trainable, trainablePaths } from "./trainable.ts";
import { requireOptions } from "../text/require.ts";

/** Where in its epochs a run is. */
export type Progress = {
  /** Epochs done. */
  readonly epoch: number;
  /** Steps done in the current epoch. */
  readonly stepInEpoch: number;
  /** Steps done in all. */
  readonly step: number;
  /** Sums over the current epoch. */
  readonly totals: Totals;
  /** Where a stream of batches is, if it says so. */
  readonly source?: Json;
};

/** Sums over the examples seen. */
export type Totals = {
  readonly loss: number;
  /** Correct predictions of a classifier; else 0. */
  readonly correct: number;
  readonly count: number;
  /** Sums of the metrics, if there are any. */
  readonly metrics?: { readonly [name: string]: number };
};

/** What a callback remembers of a run. It is part of the run's checkpoint. */
export type Memory = {
  /** Whatever it needs to continue; `null` at first. */
  readonly state: Json;
  /** Tensors that it keeps, in host memory, such as the best weights so far. */
  readonly kept?: Tensors;
};

/** What callbacks remember, by their names. */
export type Memories = { readonly [name: string]: Memory };

/** A training run between two steps: the network, and what its training needs to continue. */
export type Training<
  P extends Tree = Tree,
  S extends Tree = Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
> = Network<P, S, X, Y> & {
  /** Shape of one input, without the batch. */
  readonly inputShape: ShapesOf<X>;
  /** The optimizer's state. */
  readonly optimizer: Tree;
  readonly progress: Progress;
  /** The source of the order of examples, of dropped units and of augmentation. */
  readonly key: Key;
  /** The paths of the parameters that are trained. Absent if all are. */
  readonly trainable?: readonly Path[];
  /** What callbacks remember, by their names. */
  readonly callbacks?: Memories;
  /** What it is trained on. Absent before the first step, and in old checkpoints. */
  readonly data?: DataIdentity;
};

/** Options of {@linkcode beginTraining}. */
export type BeginOptions<P extends Tree = Tree, S extends Tree = Tree> = {
  /** Which parameters are trained, as for {@linkcode trainStep}. Default: all. */
  readonly trainable?: Trainable;
  /** Parameters and state to begin with, which the run takes over. Default: new ones from the key. */
  readonly network?: Pick<Network<P, S>, "params" | "state">;
} & PrecisionOptions;

/** Nothing seen yet. */
export const NO_TOTALS: Totals = { loss: 0, correct: 0, count: 0 };

/** Where a run begins. */
export const START: Progress = { epoch: 0, stepInEpoch: 0, step: 0, totals: NO_TOTALS };

/**
 * The beginning of a training run.
 *
 * @param model the model
 * @param optimizer the optimizer, which keeps statistics of the trained parameters only
 * @param key the source of all its randomness
 * @param shape shape of one input, without the batch
 * @param options which parameters are trained, and parameters and state to begin with
 * @returns the run before its first step; the caller owns its tensors
 * @throws {RangeError} if no parameter is trained
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { adam, beginTraining, dense, entries, key, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const trainable = (path: string) => path === "bias";
 * const run = beginTraining(dense({ features: 2 }), adam(), key(0), [3], { trainable });
 * assertEquals(entries(run.optimizer).map(([path]) => path), ["count", "mean/bias", "square/bias"]);
 * ```
 */
export function beginTraining<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  model: Layer<P, S, X, Y>,
  optimizer: Optimizer,
  key: Key,
  shape: ShapesOf<X>,
  options: BeginOptions<P, S> = {},
): Training<P, S, X, Y> {
  requireOptions("begin training", options, {
    trainable: true,
    network: true,
    precision: true,
    lossScale: true,
  });
  const { params, state } = options.network ?? init(model, fold(key, "init"), shape);
  try {
    const trainable = trainablePaths(params, options.trainable);
    return {
      model,
      inputShape: shape,
      params,
      state,
      optimizer: inPrecision(optimizer, options).init(
        splitParams(params, options.trainable).trained,
      ),
      progress: START,
      key,
      ...(trainable ? { trainable } : {}),
    };
  } catch (error) {
    if (!options.network) [params, state].forEach((tree) => disposeTree(tree));
    throw error;
  }
}

/** Frees a run's tensors. */
export function disposeTraining(
  { params, state, optimizer }: Pick<Training, "params" | "state" | "optimizer">,
): void {
  disposeTree({ params, state, optimizer });
}
