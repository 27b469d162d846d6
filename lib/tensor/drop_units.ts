// Dropping units at random, from a key, without storing which.
import { registerHostKernel } from "./host_kernel.ts";
import { type Key, word } from "./random.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const DROP_UNITS = "NeocogDropUnits";

/** Attributes of the kernel. */
export type DropAttributes = {
  readonly key: Key;
  /** A unit is kept where its random 32-bit word is at least this. */
  readonly threshold: number;
  /** What kept units are multiplied by. */
  readonly scale: number;
  /** The number of the first element among those that the key decides. */
  readonly first: number;
};

/**
 * Sets each element to zero with probability `rate`, and scales the rest by
 * 1 / (1 − rate). Element i is decided by the key's i-th random word, so that
 * the gradient and every backend drop the same ones.
 *
 * @param x any tensor
 * @param rate the probability, from 0 up to but not including 1
 * @param key the source of randomness
 * @param first where `x` begins if it is a part of a larger tensor: its first element is decided by
 * the word of that number. Default: 0
 * @returns a tensor of the same shape
 * @throws {RangeError} if `rate` is out of range
 * @throws {TypeError} if `x` is not of type float32
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dropUnits } from "@neocog/neocog/tensor";
 * import { key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const x = tf.ones([8]);
 * const dropped = await dropUnits(x, 0.5, key(1)).array();
 * assertEquals(dropped, await dropUnits(x, 0.5, key(1)).array());
 * ```
 */
export function dropUnits(x: Tensor, rate: number, key: Key, first = 0): Tensor {
  requireRate("drop units", rate);
  if (x.dtype !== "float32") {
    throw new TypeError(
      `Cannot drop units: their tensor must be of type float32, got ${x.dtype}`,
    );
  }
  const attributes: DropAttributes = {
    key,
    // A rate next to 1 must not round up to what a 32-bit word cannot hold.
    threshold: Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1),
    // As the GPU holds it, so that both backends return the same bits.
    scale: Math.fround(1 / (1 - rate)),
    first,
  };
  return tf.engine().runKernel(DROP_UNITS, { x }, attributes);
}

/**
 * @param action what cannot be done otherwise, for errors
 * @throws {RangeError} if a rate of dropping is not from 0 up to but not including 1
 */
export function requireRate(action: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(
      `Cannot ${action}: the rate must be from 0 up to but not including 1, got ${rate}`,
    );
  }
}

/** On the way back the same units are dropped and the rest scaled alike. */
tf.registerGradient({
  kernelName: DROP_UNITS,
  gradFunc: (dy, _saved, attributes) => ({
    x: () => tf.engine().runKernel(DROP_UNITS, { x: dy as Tensor }, attributes),
  }),
});

registerHostKernel<DropAttributes>(DROP_UNITS, ({ x }, { key, threshold, scale, first }) => {
  const { values, shape } = x!;
  const kept = values.map((value, i) => word(key, first + i) >= threshold ? value * scale : 0);
  return [{ values: kept, shape }];
});
