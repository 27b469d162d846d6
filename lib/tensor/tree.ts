// Trees: nested records of tensors, the form of parameters, states and gradients.
import { tf } from "./tf.ts";
import type { ShapeTree, Tensor } from "./tensor.ts";

/** A tensor, nothing, or a record of trees. */
export type Tree = Tensor | null | { readonly [name: string]: Tree };

/** A tree of the form of `T` in which some tensors may be absent (`null`). */
export type PartialTree<T> = T extends Tensor ? T | null
  : T extends null ? null
  : { readonly [Name in keyof T]: PartialTree<T[Name]> };

/** The place of a leaf: names joined by slashes, `conv1/kernel`. */
export type Path = string;

/** Whether a tree is a single tensor. */
export function isTensor(tree: unknown): tree is Tensor {
  return tree instanceof tf.Tensor;
}

function join(path: Path, name: string): Path {
  return path === "" ? name : `${path}/${name}`;
}

/**
 * The tensors of a tree with their places, in the order of the records' keys.
 *
 * @param tree the tree
 * @returns pairs of path and tensor; absent leaves are left out
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entries, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const tree = { dense: { kernel: tf.zeros([2, 3]), bias: tf.zeros([3]) } };
 * assertEquals(entries(tree).map(([path]) => path), ["dense/kernel", "dense/bias"]);
 * ```
 */
export function entries(tree: Tree): [Path, Tensor][] {
  const found: [Path, Tensor][] = [];
  visit(tree, "", (path, leaf) => void (leaf && found.push([path, leaf])));
  return found;
}

function visit(tree: Tree, path: Path, look: (path: Path, leaf: Tensor | null) => void): void {
  if (tree === null || isTensor(tree)) return look(path, tree);
  for (const [name, child] of Object.entries(tree)) visit(child, join(path, name), look);
}

/**
 * The tensors of a tree, in the order of {@linkcode entries}.
 *
 * @param tree the tree
 * @returns its tensors
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { leaves, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(leaves({ a: tf.zeros([2]), b: { c: tf.zeros([3]) } }).length, 2);
 * ```
 */
export function leaves(tree: Tree): Tensor[] {
  return entries(tree).map(([, leaf]) => leaf);
}

/**
 * A tree of the same form whose leaves are made by a function of the leaves at
 * that place in one or more trees.
 *
 * @param make given the leaves of the trees at one place, and the place
 * @param tree the tree whose form the result has; its absent leaves stay absent
 * @param others trees of the same form
 * @returns the new tree
 * @throws {TypeError} if another tree lacks a leaf
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mapTree, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const sum = mapTree(([a, b]) => tf.add(a!, b!), { x: tf.scalar(1) }, { x: tf.scalar(2) });
 * assertEquals(await sum.x.array(), 3);
 * ```
 */
export function mapTree<T extends Tree>(
  make: (leaves: Tensor[], path: Path) => Tensor | null,
  tree: T,
  ...others: Tree[]
): T {
  return mapAt(make, "", tree, others) as T;
}

function mapAt(
  make: (leaves: Tensor[], path: Path) => Tensor | null,
  path: Path,
  tree: Tree,
  others: readonly Tree[],
): Tree {
  if (tree === null) return null;
  if (isTensor(tree)) {
    const wrong = others.find((other) => !isTensor(other));
    if (wrong !== undefined) {
      throw new TypeError(
        `Cannot map trees together: each must have a tensor at "${path}", got ${
          wrong === null ? "absent" : "a record"
        }`,
      );
    }
    return make([tree, ...others as Tensor[]], path);
  }
  return Object.fromEntries(
    Object.entries(tree).map(([name, child]) => [
      name,
      mapAt(make, join(path, name), child, others.map((other) => childOf(other, name))),
    ]),
  );
}

function childOf(tree: Tree, name: string): Tree {
  return tree === null || isTensor(tree) ? null : tree[name] ?? null;
}

/**
 * Splits a tree in two of the same form: the leaves chosen by their place, and
 * the rest. What a tree lacks is `null` there. {@linkcode merge} undoes it.
 *
 * @param tree the tree
 * @param choose whether the leaf at a path is to be in the first
 * @returns the chosen leaves and the others
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entries, partition, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const params = { conv: { kernel: tf.zeros([1]) }, dense: { kernel: tf.zeros([1]) } };
 * const [trained, frozen] = partition(params, (path) => path.startsWith("dense"));
 * assertEquals(entries(trained).map(([path]) => path), ["dense/kernel"]);
 * assertEquals(entries(frozen).map(([path]) => path), ["conv/kernel"]);
 * ```
 */
export function partition<T extends Tree>(
  tree: T,
  choose: (path: Path, leaf: Tensor) => boolean,
): [chosen: PartialTree<T>, rest: PartialTree<T>] {
  const pick = (wanted: boolean): PartialTree<T> =>
    mapTree(([leaf], path) => choose(path, leaf!) === wanted ? leaf! : null, tree) as PartialTree<
      T
    >;
  return [pick(true), pick(false)];
}

/**
 * Puts together what {@linkcode partition} took apart: at each place the leaf
 * that is not absent.
 *
 * @param first a tree
 * @param second a tree of the same form
 * @returns the whole tree
 * @throws {TypeError} if a leaf is in both, or a record meets a leaf
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { merge, partition, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const tree = { a: tf.scalar(1), b: tf.scalar(2) };
 * const [chosen, rest] = partition(tree, (path) => path === "a");
 * assertEquals(merge(chosen, rest), tree);
 * ```
 */
export function merge<T extends Tree>(first: PartialTree<T>, second: PartialTree<T>): T {
  return mergeAt("", first as Tree, second as Tree) as T;
}

function mergeAt(path: Path, first: Tree, second: Tree): Tree {
  if (first === null) return second;
  if (second === null) return first;
  if (isTensor(first) || isTensor(second)) {
    throw new TypeError(
      `Cannot merge trees: only one may have something at "${path}", got ${
        isTensor(first) ? "a tensor" : "a record"
      } and ${isTensor(second) ? "a tensor" : "a record"}`,
    );
  }
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      mergeAt(join(path, name), first[name] ?? null, second[name] ?? null),
    ]),
  );
}

/**
 * Frees the tensors of a tree.
 *
 * @param tree the tree, of no use afterwards
 * @param kept trees whose tensors are still needed: what they share is left alone
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { disposeTree, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const before = tf.memory().numTensors;
 * disposeTree({ a: tf.zeros([2]) });
 * assertEquals(tf.memory().numTensors, before);
 * ```
 */
export function disposeTree(tree: Tree, ...kept: Tree[]): void {
  const needed = new Set(kept.flatMap(leaves));
  for (const leaf of leaves(tree)) if (!needed.has(leaf)) leaf.dispose();
}

/** The shapes of one example of a batch: of a tensor its shape without the batch. */
export function shapesOf(batch: Tree): ShapeTree {
  if (batch === null) return {};
  if (isTensor(batch)) return batch.shape.slice(1);
  return Object.fromEntries(Object.entries(batch).map(([name, child]) => [name, shapesOf(child)]));
}
