// LARS. You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017.
import { requireOptions, requirePositive, requireShare } from "../text/require.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { mapTree, type Path, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Optimizer, zerosLike } from "./optimizer.ts";
import { lastRate, type LearningRate, onDevice, scheduleOf } from "./schedule.ts";
import { decayOf, type DecayOptions } from "./weight_decay.ts";

const OPTIONS: Readonly<Record<keyof LarsOptions, true>> = {
  learningRate: true,
  momentum: true,
  weightDecay: true,
  trust: true,
  adapt: true,
  decay: true,
};

/** Options of {@linkcode lars}. */
export type LarsOptions = DecayOptions & {
  /** Global step size γ, above 0, or a schedule of it. Default: 0.1. */
  readonly learningRate?: LearningRate;
  /** Share of the last step that is taken again, from 0 up to but not including 1. Default: 0.9. */
  readonly momentum?: number;
  /** β, from 0: added to gradients as β w. Default: 0.0005. */
  readonly weightDecay?: number;
  /** η, above 0: how far a step goes as a share of its parameter's norm. Default: 0.001. */
  readonly trust?: number;
  /** Whether the parameter at a path has its own rate; the others' is γ. Default: all have. */
  readonly adapt?: (path: Path) => boolean;
};

/** State of {@linkcode lars}. */
type LarsState = { readonly count: Scalar; readonly velocity: Tree };

/**
 * Layer-wise adaptive rate scaling, algorithm 1 of the paper: every parameter w, a kernel or a
 * bias as a whole, has the rate λ = η ‖w‖ / (‖g‖ + β ‖w‖), v ← m v + γ λ (g + β w), w ← w − v.
 *
 * If w or g is all zero, λ is 1: by the equation a bias that starts at zero would stay there.
 * Many recipes give biases and batch normalization neither decay nor their own rate: then
 * `adapt` and `decay` are {@linkcode decayKernelsOnly}.
 *
 * @param options global rate, momentum, weight decay, trust
 * @returns the optimizer
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { lars, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const params = { x: tf.tensor1d([3, 4]) };
 * const optimizer = lars({ learningRate: 2, trust: 0.01, weightDecay: 0 });
 * // A step is 2 · 0.01 · ‖x‖ long, whatever the gradient's size.
 * const grads = { x: tf.tensor1d([0, 1000]) };
 * const [updates] = optimizer.update(grads, optimizer.init(params), params);
 * assertAlmostEquals((await updates.x.array())[1]!, -0.1, 1e-6);
 * ```
 */
export function lars(options: LarsOptions = {}): Optimizer {
  requireOptions("make lars", options, OPTIONS);
  const { learningRate = 0.1, momentum = 0.9, weightDecay = 5e-4, trust = 1e-3 } = options;
  const { adapt = () => true } = options;
  const schedule = scheduleOf("lars", learningRate);
  requireShare("make lars", "its momentum", momentum);
  requirePositive("make lars", "its trust", trust);
  const decay = decayOf("lars", weightDecay, false, options.decay);
  return {
    init: (params): Tree => ({ count: tf.scalar(0), velocity: zerosLike(params) }),
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const { count, velocity } = state as LarsState;
      const rate = schedule(onDevice(count));
      const next = mapTree(
        ([v, grad, param], path) => {
          const beta = decay?.chosen(path) ? decay.rate : 0;
          const pulled = beta > 0 ? tf.add(grad!, tf.mul(param!, beta)) : grad!;
          const own = adapt(path) ? tf.mul(rate, localRate(param!, grad!, beta, trust)) : rate;
          return tf.add(tf.mul(v!, momentum), tf.mul(pulled, own));
        },
        velocity,
        grads,
        params,
      );
      return [mapTree(([v]) => tf.neg(v!), next) as P, { count: tf.add(count, 1), velocity: next }];
    },
    learningRate: (state) => lastRate(schedule, (state as LarsState).count),
  };
}

/** η ‖w‖ / (‖g‖ + β ‖w‖), and 1 if w or g is zero. */
function localRate(param: Tensor, grad: Tensor, beta: number, trust: number): Scalar {
  const [size, slope] = [norm(param), norm(grad)];
  const ratio = tf.div(tf.mul(size, trust), tf.add(slope, tf.mul(size, beta)));
  return tf.where(tf.greater(tf.minimum(size, slope), 0), ratio, tf.onesLike(ratio)) as Scalar;
}

function norm(tensor: Tensor): Scalar {
  return tf.sqrt(tf.sum(tf.square(tensor)));
}
