// The state of a training run: everything a run needs to go on to the same numbers.
import { init, type Layer } from "../layers/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { fold, type Key } from "../tensor/random.ts";
import type { Shape } from "../tensor/tensor.ts";
import { disposeTree, type Tree } from "../tensor/tree.ts";

/** Where in its epochs a run is. */
export type Progress = {
  /** Epochs that are done. */
  readonly epoch: number;
  /** Steps that are done of the epoch under way. */
  readonly stepInEpoch: number;
  /** Steps that are done in all. */
  readonly step: number;
  /** Sums over the epoch under way. */
  readonly totals: Totals;
};

/** Sums over examples seen. */
export type Totals = { readonly loss: number; readonly correct: number; readonly count: number };

/** A training run at rest between two steps. */
export type Training<P extends Tree = Tree, S extends Tree = Tree> = {
  readonly params: P;
  readonly state: S;
  readonly optimizer: Tree;
  readonly progress: Progress;
  /** What orders of examples and dropped units are drawn from. */
  readonly key: Key;
};

/** Nothing seen yet. */
export const NO_TOTALS: Totals = { loss: 0, correct: 0, count: 0 };

/**
 * The beginning of a training run.
 *
 * @param model the model
 * @param optimizer the optimiser
 * @param key the source of all its randomness
 * @param shape shape of one input, without the batch
 * @returns the run before its first step; the caller owns its tensors
 */
export function beginTraining<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  optimizer: Optimizer,
  key: Key,
  shape: Shape,
): Training<P, S> {
  const { params, state } = init(model, fold(key, "init"), shape);
  return {
    params,
    state,
    optimizer: optimizer.init(params),
    progress: { epoch: 0, stepInEpoch: 0, step: 0, totals: NO_TOTALS },
    key,
  };
}

/**
 * Frees a run's tensors.
 *
 * @param training the run
 * @param next a later state of it, whose tensors are kept
 */
export function disposeTraining(training: Training, next?: Training): void {
  const kept = next ? [next.params, next.state, next.optimizer] : [];
  for (const tree of [training.params, training.state, training.optimizer]) {
    disposeTree(tree, ...kept);
  }
}
