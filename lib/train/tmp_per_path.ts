import { type Optimizer, stepWith } from "../optimizers/optimizer.ts";
import { merge, type PartialTree, partition, type Tree } from "../tensor/tree.ts";
import { applyUpdates } from "../optimizers/optimizer.ts";
import { mapTree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
export function perPath(
  groups: readonly (readonly [(path: string) => boolean, Optimizer])[],
): Optimizer {
  const part = (tree: Tree, i: number): Tree =>
    partition(tree, (path) => groups.findIndex(([match]) => match(path)) === i)[0] as Tree;
  return {
    init: (params) =>
      Object.fromEntries(groups.map(([, o], i) => [`${i}`, o.init(part(params, i))])),
    update<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const [next, s] = this.step!(grads, state, params);
      return [mapTree(([a, b]) => tf.sub(a!, b!), next, params), s];
    },
    step<P extends Tree>(grads: P, state: Tree, params: P): [P, Tree] {
      const states: Record<string, Tree> = {};
      let all: Tree = null;
      groups.forEach(([, o], i) => {
        const [p, s] = stepWith(
          o,
          part(grads, i),
          (state as Record<string, Tree>)[i]!,
          part(params, i),
        );
        states[i] = s;
        all = all === null ? p : merge(all as PartialTree<Tree>, p as PartialTree<Tree>);
      });
      return [all as unknown as P, states];
    },
  };
}
void applyUpdates;
