// An optimizer for pictures: steps along the normalized gradient.
import type { Optimizer } from "../optimizers/optimizer.ts";
import { tf } from "../tensor/tf.ts";
import { mapTree, type Tree } from "../tensor/tree.ts";
import { requireOptions, requirePositive } from "../text/require.ts";

/** Options of {@linkcode normalizedAscent}. */
export type NormalizedAscentOptions = {
  /** Root mean square of a step, in the parameters' units. Default: 0.01. */
  readonly rate?: number;
};

/**
 * Steps of the gradient divided by its root mean square: x ← x − rate · g / rms(g). The chapter's
 * rules (§12.9.4, §12.9.6) leave the division out; every implementation has it, as the gradients of
 * layers differ by orders of magnitude. `ascend` minimizes −objective, so this maximizes it.
 *
 * @param options the size of a step
 * @returns the optimizer
 * @throws {RangeError} if the rate is not finite and above 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { applyUpdates, start, tf } from "@neocog/neocog";
 * import { normalizedAscent } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const [updates] = normalizedAscent({ rate: 0.5 }).update({ x: tf.tensor1d([30, -30]) }, {}, {
 *   x: tf.zeros([2]),
 * });
 * assertEquals(await applyUpdates({ x: tf.zeros([2]) }, updates).x.array(), [-0.5, 0.5]);
 * ```
 */
export function normalizedAscent(options: NormalizedAscentOptions = {}): Optimizer {
  requireOptions("make normalized ascent", options, { rate: true });
  const { rate = 0.01 } = options;
  requirePositive("make normalized ascent", "the rate", rate);
  return {
    init: () => ({}),
    update<P extends Tree>(grads: P, state: Tree) {
      const updates = mapTree(([gradient]) => {
        const size = tf.sqrt(tf.mean(tf.square(gradient!)));
        return tf.mul(gradient!, tf.div(-rate, tf.add(size, 1e-12)));
      }, grads);
      return [updates as P, state];
    },
  };
}
