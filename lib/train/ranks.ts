// What ranks do together between steps: begin alike, agree, and prove that they are still alike.
import { bytesOf, joined } from "../tensor/tree_hash.ts";
import { disposeTree, leaves, mapTree, type Tree } from "../tensor/tree.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { World } from "../world/world.ts";

/** Gives a tree's numbers of the first rank to all others. */
export async function broadcastTree<T extends Tree>(world: World, tree: T): Promise<T> {
  const all = leaves(tree);
  const values = await Promise.all(all.map((leaf) => leaf.data()));
  const bytes = joined(values.map(bytesOf));
  await world.broadcast(bytes);
  if (world.rank === 0) return tree;
  let at = 0;
  const next = mapTree(([leaf]) => {
    const { shape, dtype, size } = leaf!;
    const part = bytes.slice(at, at += size * 4).buffer;
    const numbers = dtype === "float32" ? new Float32Array(part) : new Int32Array(part);
    return tf.tensor(numbers, shape, dtype) as Tensor;
  }, tree);
  disposeTree(tree);
  return next;
}

/** The means over all ranks of a tree's numbers, such as running statistics that each has its own of. */
export async function averageTree<T extends Tree>(world: World, tree: T): Promise<T> {
  const all = leaves(tree);
  if (all.length === 0) return tree;
  const values = await Promise.all(all.map((leaf) => leaf.data()));
  const sums = Float64Array.from(values.flatMap((each) => [...each as Float32Array]));
  await world.allReduce(sums, "sum");
  let at = 0;
  const next = mapTree(([leaf]) => {
    const mean = sums.slice(at, at += leaf!.size).map((sum) => sum / world.size);
    return tf.tensor(Float32Array.from(mean), leaf!.shape, leaf!.dtype) as Tensor;
  }, tree);
  disposeTree(tree);
  return next;
}

/** What each rank says, in the order of ranks. */
export async function saidByAll(world: World, text: string): Promise<readonly string[]> {
  const all = await world.allGather(new TextEncoder().encode(text));
  return all.map((bytes) => new TextDecoder().decode(bytes));
}

/**
 * Refuses ranks that differ in what all must have alike.
 *
 * @param action what cannot be done otherwise
 * @param what names it, in the plural
 * @throws {RangeError} naming the first rank that differs
 */
export async function requireAlike(
  world: World,
  action: string,
  what: string,
  own: string,
): Promise<void> {
  const all = await saidByAll(world, own);
  const other = all.findIndex((one) => one !== all[0]);
  if (other < 0) return;
  throw new RangeError(
    `Cannot ${action}: ${what} must be the same on all ranks, got ${all[other]} on rank ${other}, ${
      all[0]
    } on rank 0`,
  );
}
