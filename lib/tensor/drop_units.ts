// Dropping units at random, from a key, without storing which.
import { type Key, word } from "./random.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const DROP_UNITS = "NeocogDropUnits";

/** Attributes of the kernel. */
export type DropAttributes = {
  readonly key: [number, number];
  /** A unit is kept where its random 32-bit word is at least this. */
  readonly threshold: number;
  /** What kept units are multiplied by. */
  readonly scale: number;
};

/**
 * Sets each element to zero with probability `rate`, and scales the rest by
 * 1 / (1 − rate). Element i is decided by the key's i-th random word, so that
 * the gradient and every backend drop the same ones.
 *
 * @param x any tensor
 * @param rate the probability, from 0 up to but not including 1
 * @param key the source of randomness
 * @returns a tensor of the same shape
 */
export function dropUnits(x: Tensor, rate: number, key: Key): Tensor {
  const attributes: DropAttributes = {
    key: [...key],
    threshold: Math.round(rate * 2 ** 32),
    scale: 1 / (1 - rate),
  };
  return tf.engine().runKernel(DROP_UNITS, { x }, attributes);
}

/** On the way back the same units are dropped and the rest scaled alike. */
tf.registerGradient({
  kernelName: DROP_UNITS,
  gradFunc: (dy, _saved, attributes) => ({
    x: () => tf.engine().runKernel(DROP_UNITS, { x: dy as Tensor }, attributes),
  }),
});

tf.registerKernel({
  kernelName: DROP_UNITS,
  backendName: "cpu",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { dataId, shape } = inputs.x!;
    const { key, threshold, scale } = attrs as unknown as DropAttributes;
    const memory = backend as unknown as HostMemory;
    const values = memory.readSync(dataId);
    const kept = values.map((value, i) => word(key, i) >= threshold ? value * scale : 0);
    return { dataId: memory.write(kept, shape, "float32"), shape, dtype: "float32" };
  },
});

/** The part of tfjs's CPU backend used here. */
type HostMemory = {
  readSync(dataId: object): Float32Array;
  write(values: Float32Array, shape: number[], dtype: "float32"): object;
};
