// The part of a batch that one of several ranks computes.
import { type Shape, sizeOf, type Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";
import { mapTree, type Tree } from "./tree.ts";

/** A part of a batch. */
export type BatchPart = {
  /** How many examples of the batch come before it. */
  readonly first: number;
  /** How many are its own; of 0 the tensors hold one that does not count. */
  readonly count: number;
  /** How many the batch has. */
  readonly of: number;
};

/** Which of several parts. */
export type Share = { readonly rank: number; readonly size: number };

/** The part of a batch that a rank computes: parts differ by one example at most. */
export function partOf({ rank, size }: Share, of: number): BatchPart {
  const first = Math.floor(rank * of / size);
  return { first, count: Math.floor((rank + 1) * of / size) - first, of };
}

/** Which examples of a batch a part's tensors hold. */
export function rowsOf({ first, count }: BatchPart): readonly [begin: number, end: number] {
  return count === 0 ? [0, 1] : [first, first + count];
}

/** The rows of a part of all tensors of a batch. */
export function rowsOfTree<T extends Tree>(batch: T, part: BatchPart): T {
  const [begin, end] = rowsOf(part);
  const rows = (leaf: Tensor): Tensor => {
    const [, ...shape] = leaf.shape;
    return tf.slice(leaf, [begin, ...shape.map(() => 0)], [end - begin, ...shape]);
  };
  return mapTree(([leaf]) => rows(leaf!), batch);
}

/** The number of a part's first element in the batch's tensor, `[N, …]`. */
export function firstElement(part: BatchPart | undefined, [, ...shape]: Shape): number {
  return part ? part.first * sizeOf(shape) : 0;
}
