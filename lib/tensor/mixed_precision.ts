// Mixed precision: float16 storage in recorded functions, its overflows, and what they leave as it was.
import type { Scalar, Tensor } from "./tensor.ts";
import { leaves, mapTree, type Tree } from "./tree.ts";
import { tf } from "./tf.ts";

/** The name of the operation that begins it among tfjs's kernels: nothing → the flag. */
export const OVERFLOW = "NeocogOverflow";

/** The name of copying to float16: `x0`, `x1`, … → the copies. */
export const NARROW = "NeocogNarrow";

/** The name of dividing gradients: `x0`, `x1`, …, `scale` → the quotients. */
export const UNSCALE = "NeocogUnscale";

/** The name of going back after an overflow: `before0`, `after0`, `before1`, … → what is to stay. */
export const KEEP = "NeocogKeep";

/** The name of the next loss scale: `scale`, `streak`, `skipped` → the next ones. */
export const NEXT_SCALE = "NeocogNextScale";

/** Attributes of {@linkcode NEXT_SCALE}. */
export type ScaleAttributes = {
  /** The scale is halved by an overflow, and doubled after so many steps without; 0: it is fixed. */
  readonly interval: number;
};

/** How losses are scaled. */
export type LossScale = {
  /** What the loss is multiplied by, `[]`. */
  readonly scale: Scalar;
  /** Steps without an overflow since the scale was changed; below 0, steps in a row with one. `[]`. */
  readonly streak: Scalar;
  /** Steps that were skipped, `[]`. */
  readonly skipped: Scalar;
};

const run = (kernel: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap = {}) =>
  tf.engine().runKernel(kernel, inputs, attributes) as unknown as Tensor[];

/**
 * Has the recorded function that calls it hold tensors as float16 where it can: what programs of
 * ours alone have to do with, and no argument or result is. They compute in float32.
 *
 * @returns what in the end is not 0 where a number was too large for float16; the same at each call
 * @throws {DeviceError} if nothing is recorded, or the adapter has no `shader-f16`
 */
export function overflow(): Scalar {
  return run(OVERFLOW, {}) as unknown as Scalar;
}

/** Copies of matrices and filters, which are held as float16; all other leaves as they are. */
export function narrow<T extends Tree>(tree: T): T {
  const chosen = leaves(tree).filter(isWeight);
  const copies = run(NARROW, numbered("x", chosen));
  let next = 0;
  return mapTree(([leaf]) => isWeight(leaf!) ? copies[next++]! : leaf!, tree);
}

function isWeight({ rank, dtype, size }: Tensor): boolean {
  return rank >= 2 && dtype === "float32" && size > 0;
}

/** Gradients divided by the loss scale; where one is not finite, that is an overflow. */
export function unscale<T extends Tree>(grads: T, scale: Scalar): T {
  const some = leaves(grads).filter(({ size }) => size > 0);
  const quotients = run(UNSCALE, { ...numbered("x", some), scale });
  let next = 0;
  return mapTree(([leaf]) => leaf!.size > 0 ? quotients[next++]! : leaf!, grads);
}

/** What a step made, or, where there was an overflow, what it began with. */
export function keep<T extends Tree>(before: T, after: T): T {
  const pairs: [Tensor, Tensor][] = [];
  mapTree(
    ([old, made]) => {
      if (needsKernel(old!, made!)) pairs.push([old!, made!]);
      return null;
    },
    before,
    after,
  );
  const kept = run(KEEP, {
    ...numbered("before", pairs.map(([old]) => old)),
    ...numbered("after", pairs.map(([, made]) => made)),
  });
  let next = 0;
  return mapTree(
    ([old, made]) => {
      if (old === made) return made!;
      if (needsKernel(old!, made!)) return kept[next++]!;
      return tf.where(tf.greater(overflow(), 0), old!, made!);
    },
    before,
    after,
  );
}

function needsKernel(old: Tensor, made: Tensor): boolean {
  return old !== made && made.dtype === "float32" && old.size > 0;
}

/** The scale of the next step, after one with or without an overflow. */
export function nextScale({ scale, streak, skipped }: LossScale, rule: ScaleAttributes): LossScale {
  const next = run(NEXT_SCALE, { scale, streak, skipped }, rule) as Scalar[];
  return { scale: next[0]!, streak: next[1]!, skipped: next[2]! };
}

function numbered(name: string, tensors: readonly Tensor[]): tf.NamedTensorMap {
  return Object.fromEntries(tensors.map((tensor, i) => [`${name}${i}`, tensor]));
}
