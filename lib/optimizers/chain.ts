// Transformations of gradients one after another.
import type { Scalar } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Optimizer } from "./optimizer.ts";

/** The states of a chain's parts, by their numbers. */
type States = { readonly [part: string]: Tree };

/**
 * Transformations one after another.
 *
 * @param parts the transformations, in the order they are applied
 * @returns one transformation; it has a fused step if the last part has one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chain, scaleUpdates, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const both = chain(scaleUpdates(2), scaleUpdates(-3));
 * const grads = { x: tf.scalar(1) };
 * const [updates] = both.update(grads, both.init(grads), grads);
 * assertEquals(await updates.x.array(), -6);
 * ```
 */
export function chain(...parts: readonly Optimizer[]): Optimizer {
  /** The updates of the first parts. */
  const updateBy = <P extends Tree>(
    count: number,
    grads: P,
    state: Tree,
    params: P,
  ): [P, States] => {
    const next: Record<string, Tree> = {};
    let updates = grads;
    for (const [i, part] of parts.slice(0, count).entries()) {
      [updates, next[i]] = part.update(updates, (state as States)[i]!, params);
    }
    return [updates, next];
  };
  const last = parts.length - 1;
  const paced = parts.findLastIndex(({ learningRate }) => learningRate);
  return {
    init: (params): Tree => Object.fromEntries(parts.map((part, i) => [`${i}`, part.init(params)])),
    update: (grads, state, params) => updateBy(parts.length, grads, state, params),
    ...(paced >= 0 && {
      learningRate: (state: Tree) => parts[paced]!.learningRate!((state as States)[paced]!),
    }),
    ...(parts[last]?.step && {
      step<P extends Tree>(grads: P, state: Tree, params: P, factor?: Scalar): [P, Tree] {
        const [updates, next] = updateBy(last, grads, state, params);
        const own = (state as States)[last]!;
        const [stepped, ownNext] = parts[last]!.step!(updates, own, params, factor);
        return [stepped, { ...next, [last]: ownNext }];
      },
    }),
  };
}
