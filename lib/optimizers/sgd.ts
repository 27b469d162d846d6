// Stochastic gradient descent, with momentum.
import { requireOptions, requireShare } from "../text/require.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { withFusedStep } from "./fused_step.ts";
import { type Optimizer, zerosLike } from "./optimizer.ts";
import { type LearningRate, onDevice, scheduleOf } from "./schedule.ts";
import { addDecay, decayOf, type DecayOptions } from "./weight_decay.ts";

const OPTIONS: Readonly<Record<keyof SgdOptions, true>> = {
  learningRate: true,
  momentum: true,
  nesterov: true,
  weightDecay: true,
  decay: true,
};

/** Options of {@linkcode sgd}. */
export type SgdOptions = DecayOptions & {
  /** Step size, above 0, or a schedule of it. Default: 0.01. */
  readonly learningRate?: LearningRate;
  /** Share of the last step that is taken again, from 0 up to but not including 1. Default: 0. */
  readonly momentum?: number;
  /** Whether the momentum looks ahead (Nesterov 1983); needs momentum. Default: `false`. */
  readonly nesterov?: boolean;
  /** λ, from 0: added to gradients as λ p. Default: 0. */
  readonly weightDecay?: number;
};

/** State of {@linkcode sgd}: steps taken, unless the rate is constant; the velocity, if there is momentum. */
type SgdState = { readonly count?: Scalar; readonly velocity?: Tree };

/**
 * Gradient descent as in PyTorch: v ← m · v + g, p ← p − η · v; with Nesterov's
 * momentum p ← p − η · (g + m · v). With weight decay, g is the gradient and λ p.
 *
 * @param options learning rate, momentum, Nesterov, weight decay, and which parameters decay
 * @returns the optimizer
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { applyUpdates, sgd, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const params = { x: tf.scalar(1) };
 * const optimizer = sgd({ learningRate: 0.1 });
 * const [updates] = optimizer.update({ x: tf.scalar(2) }, optimizer.init(params), params);
 * assertAlmostEquals(await applyUpdates(params, updates).x.array(), 0.8, 1e-6);
 * ```
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  requireOptions("make sgd", options, OPTIONS);
  const { learningRate = 0.01, momentum = 0, nesterov = false } = options;
  const schedule = scheduleOf("sgd", learningRate);
  requireShare("make sgd", "its momentum", momentum);
  if (nesterov && momentum === 0) {
    throw new RangeError("Cannot make sgd: Nesterov's look-ahead needs a momentum above 0, got 0");
  }
  const decay = decayOf("sgd", options.weightDecay ?? 0, false, options.decay);
  const hasVelocity = momentum > 0;
  const advance = ([grad, velocity]: Tensor[]): Tensor =>
    tf.add(tf.mul(velocity!, momentum), grad!);
  const optimizer: Optimizer = {
    init: (params): Tree => ({
      ...(typeof learningRate === "function" && { count: tf.scalar(0) }),
      ...(hasVelocity && { velocity: zerosLike(params) }),
    }),
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const { count, velocity: previous } = state as SgdState;
      const pulled = decay ? addDecay(grads, decay.rate, params, decay) : grads;
      const velocity = hasVelocity ? mapTree(advance, pulled, previous!) : pulled;
      const direction = nesterov ? mapTree(advance, pulled, velocity) : velocity;
      const step = count ? tf.neg(schedule(onDevice(count))) : -(learningRate as number);
      return [mapTree(([leaf]) => tf.mul(leaf!, step), direction), {
        ...(count && { count: tf.add(count, 1) }),
        ...(hasVelocity && { velocity }),
      }];
    },
  };
  const rule = hasVelocity
    ? { kind: nesterov ? "nesterov" : "momentum", momentum } as const
    : { kind: "sgd" } as const;
  return withFusedStep(optimizer, {
    rule,
    decay,
    schedule,
    moments: hasVelocity ? ["velocity"] : [],
  });
}
