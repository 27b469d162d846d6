// AdamW. Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
import { type AdamOptions, adamWith } from "./adam.ts";
import type { Optimizer } from "./optimizer.ts";
import { decayOf, type DecayOptions } from "./weight_decay.ts";
import { requireOptions } from "../text/require.ts";

const OPTIONS: Readonly<Record<keyof AdamWOptions, true>> = {
  learningRate: true,
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  decay: true,
};

/** Options of {@linkcode adamw}. */
export type AdamWOptions = AdamOptions & DecayOptions & {
  /** λ, from 0: each step takes η λ of a parameter off it. Default: 0.01. */
  readonly weightDecay?: number;
};

/**
 * AdamW: the steps of {@linkcode adam}, and beside them, not through its statistics, a pull
 * towards zero, p ← p − η λ p, as in PyTorch: it follows the schedule of the learning rate.
 * Its state is Adam's.
 *
 * @param options learning rate, decays, epsilon, weight decay, and which parameters decay
 * @returns the optimizer
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { adamw, applyUpdates, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const params = { x: tf.scalar(2) };
 * const optimizer = adamw({ learningRate: 0.1, weightDecay: 0.5 });
 * // Without a gradient only the decay is left: 2 − 0.1 · 0.5 · 2.
 * const [updates] = optimizer.update({ x: tf.scalar(0) }, optimizer.init(params), params);
 * assertAlmostEquals(await applyUpdates(params, updates).x.array(), 1.9, 1e-6);
 * ```
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  requireOptions("make adamw", options, OPTIONS);
  const { weightDecay = 0.01, decay, ...adamOptions } = options;
  return adamWith("adamw", adamOptions, decayOf("adamw", weightDecay, true, decay));
}
