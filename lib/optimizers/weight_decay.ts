// Weight decay: a pull of chosen parameters towards zero.
import { requireOptions, requireRange } from "../text/require.ts";
import { mapTree, type Path, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { DecayRule } from "../tensor/update_trees.ts";
import type { Optimizer } from "./optimizer.ts";

/** Which parameters decay. */
export type DecayOptions = {
  /** Whether the parameter at a path decays, such as {@linkcode decayKernelsOnly}. Default: all do, as in PyTorch. */
  readonly decay?: (path: Path) => boolean;
};

/**
 * Whether a path is that of a kernel: for optimizers without weight decay of biases and of the
 * scales and shifts of batch normalization (He et al., "Bag of tricks", CVPR 2019, §3.1).
 *
 * @param path a parameter's place, `conv1/kernel`
 * @returns whether its last name is `kernel`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decayKernelsOnly } from "@neocog/neocog";
 *
 * const paths = ["conv/kernel", "conv/bias", "norm/scale", "norm/shift"];
 * assertEquals(paths.filter(decayKernelsOnly), ["conv/kernel"]);
 * ```
 */
export function decayKernelsOnly(path: Path): boolean {
  return path.split("/").at(-1) === "kernel";
}

/**
 * Adds λ p to gradients: a part of a chain. Before an optimizer it is the slope of an L2 penalty,
 * λ/2 · Σ p², the `weight_decay` of PyTorch's SGD and Adam; between statistics and
 * {@linkcode descend} it is decoupled weight decay.
 *
 * @param rate λ, a finite number from 0
 * @param options which parameters decay
 * @returns the transformation
 * @throws {RangeError} if the rate is not a finite number from 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chain, sgd, start, stepWith, tf, weightDecay } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const optimizer = chain(weightDecay(0.5), sgd({ learningRate: 0.25 }));
 * const params = { x: tf.scalar(4) };
 * const [next] = stepWith(optimizer, { x: tf.scalar(2) }, optimizer.init(params), params);
 * assertEquals(await next.x.array(), 3); // 4 − 0.25 · (2 + 0.5 · 4)
 * ```
 */
export function weightDecay(rate: number, options: DecayOptions = {}): Optimizer {
  requireOptions("make weight decay", options, { decay: true });
  const rule = decayOf("weight decay", rate, false, options.decay);
  return {
    init: () => ({}),
    update: (grads, state, params) => [
      rule ? addDecay(grads, rule.rate, params, rule) : grads,
      state,
    ],
  };
}

/**
 * Adds a share of each chosen parameter to the leaf at its place.
 *
 * @param share the share, a number or a tensor of shape `[]`
 */
export function addDecay<P extends Tree>(
  tree: P,
  share: number | tf.Tensor,
  params: P,
  { chosen }: DecayRule,
): P {
  return mapTree(
    ([leaf, param], path) => chosen(path) ? tf.add(leaf!, tf.mul(param!, share)) : leaf!,
    tree,
    params,
  );
}

/**
 * Weight decay as a rule; none if the rate is 0.
 *
 * @param decoupled whether it bypasses the gradients
 * @throws {RangeError} if the rate is not a finite number from 0
 */
export function decayOf(
  name: string,
  rate: number,
  decoupled: boolean,
  chosen: (path: Path) => boolean = () => true,
): DecayRule | undefined {
  const holds = Number.isFinite(rate) && rate >= 0;
  const rule = "its weight decay must be a finite number of at least 0";
  requireRange(`make ${name}`, rule, holds, rate);
  return rate === 0 ? undefined : { rate, decoupled, chosen };
}
