// Normalising features by given statistics, in one pass: the inference form of batch normalisation.
import type { NormaliseAttributes } from "../../tensor/batch_norm.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runFeatures } from "./features.ts";
import { floatBits } from "./float_bits.ts";

/** WGSL: one over the deviation of feature `c`. */
export const INVERSE = "inverseSqrt(variance[c] + bitcast<f32>(uniforms.epsilon))";

/** What is normalised, and by what. */
export type NormaliseInputs = Readonly<
  Record<"x" | "scale" | "shift" | "mean" | "variance", tf.TensorInfo>
>;

/**
 * Normalises numbers by given statistics.
 *
 * @param backend where to run
 * @param inputs numbers, scale, shift, mean, variance
 * @param epsilon added to the variance
 */
export function normaliseBy(
  backend: GuardedBackend,
  { x, ...features }: NormaliseInputs,
  epsilon: number,
): tf.TensorInfo {
  return runFeatures(backend, {
    operation: "Normalise",
    inputs: { x },
    features,
    uniforms: { epsilon: floatBits(epsilon) },
    // The mean is taken off first: scale · x alone may be so large that the difference is lost.
    text: `y = (x - mean[c]) * (scale[c] * ${INVERSE}) + shift[c];`,
  });
}

/** The kernel function of normalising by given statistics, the same for any adapter. */
export function normalise(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { epsilon } = attrs as unknown as NormaliseAttributes;
    return normaliseBy(backend as GuardedBackend, inputs as unknown as NormaliseInputs, epsilon);
  };
}
