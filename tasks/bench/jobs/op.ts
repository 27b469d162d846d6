// A single operation that is timed.
import type { tf } from "../../../mod.ts";

/** One operation on tensors of its own. */
export type Op = {
  /** What kind of operation, such as `"conv forward"`. */
  readonly kind: string;
  readonly shape: string;
  /** Operations on numbers of one call. */
  readonly flops: number;
  /** Bytes that a call reads and writes at least. */
  readonly bytes: number;
  /** Makes the operands; answers what one call does. */
  readonly prepare: () => () => tf.Tensor | tf.Tensor[];
};
