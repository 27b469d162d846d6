// A moving average of the parameters. Polyak and Juditsky, 1992; as in Szegedy et al., 2016.
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireShare } from "./demands.ts";
import { applyUpdates, type Optimizer } from "./optimizer.ts";
import { onDevice } from "./schedule.ts";
import { AVERAGE_NAMES, findState } from "./states.ts";

/** Options of {@linkcode ema}. */
export type EmaOptions = {
  /** Share of the average that is kept in a step, d, from 0 up to but not including 1. Default: 0.999. */
  readonly decay?: number;
  /**
   * Whether less is kept at first, (1 + t) / (10 + t) after t steps where that is below d, so that
   * the first parameters do not stay in the average. Default: `true`.
   */
  readonly warmUp?: boolean;
};

/** State of {@linkcode ema}. */
type EmaState = { readonly count: Scalar; readonly movingAverage: Tree };

/**
 * Keeps an exponential moving average of the parameters, ā ← d ā + (1 − d) p, which often reads
 * better than the last parameters do. It changes no update, and is the last part of a chain:
 * `chain(adam(), ema())`. {@linkcode averagedParams} finds the average in the chain's state.
 *
 * @param options decay, and whether it warms up
 * @returns the transformation
 * @throws {RangeError} where the decay is not from 0 up to but not including 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { averagedParams, chain, ema, sgd, start, stepWith, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const optimizer = chain(sgd({ learningRate: 1 }), ema({ decay: 0.75, warmUp: false }));
 * const params = { x: tf.scalar(8) };
 * const [next, state] = stepWith(optimizer, { x: tf.scalar(4) }, optimizer.init(params), params);
 * assertEquals(await next.x.array(), 4);
 * assertEquals(await averagedParams<typeof params>(state).x.array(), 7); // 0.75 · 8 + 0.25 · 4
 * ```
 */
export function ema(options: EmaOptions = {}): Optimizer {
  const { decay = 0.999, warmUp = true } = options;
  requireShare("a moving average", "decay", decay);
  const observe = (params: Tree, state: Tree): Tree => {
    const { movingAverage, ...held } = state as EmaState;
    const count = onDevice(held.count);
    const kept = warmUp
      ? tf.minimum(tf.div(tf.add(count, 1), tf.add(count, 10)), decay)
      : tf.scalar(decay);
    const fresh = tf.sub(1, kept);
    const average = mapTree(
      ([mean, param]) => tf.add(tf.mul(mean!, kept), tf.mul(param!, fresh)),
      movingAverage,
      params,
    );
    return { count: tf.add(count, 1), movingAverage: average };
  };
  return {
    // A copy, not a clone, whose memory would be that of the parameters.
    init: (params): Tree => ({
      count: tf.scalar(0),
      movingAverage: mapTree(([leaf]) => tf.mul(leaf!, 1), params),
    }),
    update: (updates, state, params) => [updates, observe(applyUpdates(params, updates), state)],
    observe,
  };
}

/**
 * The average that {@linkcode ema} keeps.
 *
 * @param state the state of an optimizer with one `ema` in it, wherever
 * @returns the averaged parameters; their tensors are the state's
 * @throws {RangeError} where there is none in it, or several
 */
export function averagedParams<P extends Tree = Tree>(state: Tree): P {
  const found = findState(state, AVERAGE_NAMES, "averaged parameters");
  return (found as EmaState).movingAverage as P;
}
