// Different optimizers for different parameters: discriminative learning rates.
import { pathMatcher } from "../tensor/path_pattern.ts";
import { merge, type PartialTree, partition, type Path, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { type Optimizer, stepWith } from "./optimizer.ts";

/** Parameters, by a pattern or predicate of their paths, and their optimizer. */
export type PathRule = readonly [
  which: string | ((path: Path) => boolean),
  optimizer: Optimizer,
];

/**
 * Optimizers by path: each parameter is stepped by the first whose pattern or predicate is true of
 * its path. With rates that grow from the first layers to the head, these are discriminative
 * learning rates (Howard and Ruder, "Universal language model fine-tuning", ACL 2018, §3.2). A
 * {@linkcode clipByNorm} within clips by the norm of its own parameters.
 *
 * In a pattern `*` stands for any letters of one name, `?` for one, `[2-8]` for one of those, and
 * `**` for any number of names; what is below a match is matched too.
 *
 * @param rules patterns, as `conv*` or `features/**`, or predicates, with their optimizers
 * @returns the optimizer. Its `init` throws a `RangeError` if a rule matches no parameter, or a
 * parameter has no rule
 * @throws {RangeError} if there is no rule, or a pattern is not valid
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { perPath, sgd, start, stepWith, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const optimizer = perPath([
 *   ["conv*", sgd({ learningRate: 0.125 })],
 *   ["**", sgd({ learningRate: 1 })],
 * ]);
 * const params = { conv1: { kernel: tf.scalar(1) }, logits: { kernel: tf.scalar(1) } };
 * const [next] = stepWith(optimizer, params, optimizer.init(params), params);
 * assertEquals(await next.conv1.kernel.array(), 0.875);
 * assertEquals(await next.logits.kernel.array(), 0);
 * ```
 */
export function perPath(rules: readonly PathRule[]): Optimizer {
  if (rules.length === 0) {
    throw new RangeError(
      "Cannot make optimizers by path: there must be at least one rule, got none",
    );
  }
  const tests = rules.map(([which]) => typeof which === "string" ? pathMatcher(which) : which);
  const ruleOf = (path: Path): number => tests.findIndex((test) => test(path));
  /** For each rule, the tree of its parameters. */
  const share = (tree: Tree): Tree[] =>
    rules.map((_, i) => partition(tree, (path) => ruleOf(path) === i)[0] as Tree);
  const joined = (trees: readonly Tree[]): Tree =>
    trees.reduce((all, tree) => merge(all as PartialTree<Tree>, tree as PartialTree<Tree>));
  type Step = (optimizer: Optimizer, grads: Tree, state: Tree, params: Tree) => [Tree, Tree];
  const each = <P extends Tree>(step: Step, grads: P, state: Tree, params: P): [P, Tree] => {
    const [ofGrads, ofParams] = [share(grads), share(params)];
    const results = rules.map(([, optimizer], i) =>
      step(optimizer, ofGrads[i]!, (state as { readonly [name: string]: Tree })[i]!, ofParams[i]!)
    );
    const states = results.map(([, next], i) => [`${i}`, next] as const);
    return [joined(results.map(([tree]) => tree)) as P, Object.fromEntries(states)];
  };
  return {
    init(params): Tree {
      requireRules(rules, tests, allPaths(params), ruleOf);
      const parts = share(params);
      return Object.fromEntries(rules.map(([, { init }], i) => [`${i}`, init(parts[i]!)]));
    },
    update: (grads, state, params) =>
      each((optimizer, ...values) => optimizer.update(...values), grads, state, params),
    ...(rules.some(([, { learningRate }]) => learningRate) && {
      learningRate: (state: Tree) =>
        rules.flatMap(([, { learningRate }], i) =>
          learningRate ? [learningRate((state as { readonly [name: string]: Tree })[i]!)] : []
        ).reduce((a, b) => tf.maximum(a, b)),
    }),
    step: (grads, state, params, factor) =>
      each((...values) => stepWith(...values, factor), grads, state, params),
  };
}

/** The paths of leaves, absent ones too: a frozen parameter has a rule as well. */
function allPaths(tree: Tree, path: Path = ""): Path[] {
  if (tree === null || tree instanceof tf.Tensor) return [path];
  return Object.entries(tree).flatMap(([name, child]) =>
    allPaths(child, path === "" ? name : `${path}/${name}`)
  );
}

/** Each rule must match a parameter, and each parameter have a rule. */
function requireRules(
  rules: readonly PathRule[],
  tests: readonly ((path: Path) => boolean)[],
  paths: readonly Path[],
  ruleOf: (path: Path) => number,
): void {
  const idle = tests.findIndex((test) => !paths.some(test));
  if (idle >= 0) {
    const [which] = rules[idle]!;
    throw new RangeError(
      `Cannot make optimizers by path: each rule must be for a parameter, got ${
        typeof which === "string" ? `"${which}"` : `rule ${idle + 1}`
      }, where there are ${listed(paths)}`,
    );
  }
  const without = paths.filter((path) => ruleOf(path) < 0);
  if (without.length > 0) {
    throw new RangeError(
      `Cannot make optimizers by path: each parameter must have a rule, got none for ${
        listed(without)
      }. A last rule for "**" is for the rest`,
    );
  }
}

/** How many paths a message lists. */
const LISTED = 20;

function listed(paths: readonly Path[]): string {
  const more = paths.length > LISTED ? `, and ${paths.length - LISTED} more` : "";
  return paths.slice(0, LISTED).join(", ") + more;
}
