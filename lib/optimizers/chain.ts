// Transformations of gradients one after another.
import type { Tree } from "../tensor/tree.ts";
import { type Optimizer, stepWith } from "./optimizer.ts";
import { requireNoAverage } from "./states.ts";

/**
 * Transformations one after another.
 *
 * @param steps the transformations, in the order they are applied
 * @returns one transformation. Its `init` throws a `RangeError` where an {@linkcode ema} comes before
 * what still moves parameters
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
export function chain(...steps: readonly Optimizer[]): Optimizer {
  type States = { readonly [name: string]: Tree };
  const updateBy = <P extends Tree>(count: number, grads: P, state: Tree, params: P) => {
    const next: Record<string, Tree> = {};
    let updates = grads;
    for (const [i, step] of steps.slice(0, count).entries()) {
      [updates, next[i]] = step.update(updates, (state as States)[i]!, params);
    }
    return [updates, next] as [P, Record<string, Tree>];
  };
  // The last that moves anything; those after it look on.
  const last = steps.findLastIndex(({ observe }) => !observe);
  const paced = steps.findLastIndex(({ learningRate }) => learningRate);
  return {
    init(params): Tree {
      const states = steps.map((step) => step.init(params));
      states.slice(0, Math.max(0, last)).forEach((state) =>
        requireNoAverage(state, "chain transformations")
      );
      return Object.fromEntries(states.map((state, i) => [`${i}`, state]));
    },
    update: (grads, state, params) => updateBy(steps.length, grads, state, params),
    ...(paced >= 0 && {
      learningRate: (state: Tree) => steps[paced]!.learningRate!((state as States)[paced]!),
    }),
    ...(steps[last]?.step && {
      step<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
        const [updates, next] = updateBy(last, grads, state, params);
        const own = (i: number): Tree => (state as States)[i]!;
        const [stepped, ownNext] = stepWith(steps[last]!, updates, own(last), params);
        const after = steps.slice(last + 1).map(({ observe }, i) => {
          const place = last + 1 + i;
          return [place, observe!(stepped, own(place))] as const;
        });
        return [stepped, { ...next, [last]: ownNext, ...Object.fromEntries(after) }];
      },
    }),
  };
}
