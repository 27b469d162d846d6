// A moving average of the parameters. Polyak and Juditsky, 1992; as in Szegedy et al., 2016.
import { requireOptions, requireShare } from "../text/require.ts";
import type { Scalar } from "../tensor/tensor.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Optimizer, stepWith, wrapperOf } from "./optimizer.ts";
import { onDevice } from "./schedule.ts";

/** Options of {@linkcode ema}. */
export type EmaOptions = {
  /** Share of the average that is kept in a step, d, from 0 up to but not including 1. Default: 0.999. */
  readonly decay?: number;
  /**
   * Whether less is kept at first, (1 + t) / (10 + t) after t steps if that is below d, so that
   * the first parameters do not stay in the average. Default: `true`.
   */
  readonly warmUp?: boolean;
};

/** State of {@linkcode ema}. */
type EmaState = { readonly count: Scalar; readonly movingAverage: Tree; readonly inner: Tree };

/**
 * An optimizer that also keeps an exponential moving average of the parameters,
 * ā ← d ā + (1 − d) p, which often tests better than the last parameters do. It changes no step;
 * {@linkcode averagedParams} returns the average.
 *
 * The average is of the parameters that a step leads to, so nothing may change its updates: it
 * wraps the whole, `ema(chain(…))`. Its `update` throws a `TypeError`; use {@linkcode stepWith}.
 *
 * @param optimizer the optimizer
 * @param options decay, and whether it warms up
 * @returns the optimizer with the average in its state
 * @throws {RangeError} if the decay is not from 0 up to but not including 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { averagedParams, ema, sgd, start, stepWith, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const optimizer = ema(sgd({ learningRate: 1 }), { decay: 0.75, warmUp: false });
 * const params = { x: tf.scalar(8) };
 * const [next, state] = stepWith(optimizer, { x: tf.scalar(4) }, optimizer.init(params), params);
 * assertEquals(await next.x.array(), 4);
 * assertEquals(await averagedParams<typeof params>(state).x.array(), 7); // 0.75 · 8 + 0.25 · 4
 * ```
 */
export function ema(optimizer: Optimizer, options: EmaOptions = {}): Optimizer {
  requireOptions("make a moving average", options, { decay: true, warmUp: true });
  const { decay = 0.999, warmUp = true } = options;
  requireShare("make a moving average", "its decay", decay);
  return {
    // A copy, not a clone, whose memory would be that of the parameters.
    init: (params): Tree => ({
      count: tf.scalar(0),
      movingAverage: mapTree(([leaf]) => tf.mul(leaf!, 1), params),
      inner: optimizer.init(params),
    }),
    ...(optimizer.learningRate && {
      learningRate: (state: Tree) => optimizer.learningRate!((state as EmaState).inner),
    }),
    update() {
      throw new TypeError(
        "Cannot average parameters: ema must wrap the whole optimizer, ema(chain(…)), and be stepped by stepWith, got a call of its update",
      );
    },
    step<P extends Tree>(grads: P, state: Tree, params: P, factor?: Scalar): [P, Tree] {
      const { count: held, movingAverage, inner } = state as EmaState;
      const [stepped, next] = stepWith(optimizer, grads, inner, params, factor);
      const count = onDevice(held);
      const kept = warmUp
        ? tf.minimum(tf.div(tf.add(count, 1), tf.add(count, 10)), decay)
        : tf.scalar(decay);
      const fresh = tf.sub(1, kept);
      const average = mapTree(
        ([mean, param]) => tf.add(tf.mul(mean!, kept), tf.mul(param!, fresh)),
        movingAverage,
        stepped,
      );
      return [stepped, { count: tf.add(count, 1), movingAverage: average, inner: next }];
    },
  };
}

/**
 * The average that {@linkcode ema} keeps.
 *
 * @param state the state of an optimizer that is an `ema`, or wraps one
 * @returns the averaged parameters; their tensors are the state's
 * @throws {RangeError} if there is none in it
 */
export function averagedParams<P extends Tree = Tree>(state: Tree): P {
  return wrapperOf<EmaState>(state, "movingAverage").own.movingAverage as P;
}
