// Normalizing features by given statistics, in one pass: the inference form of batch normalization.
import type { NormalizeAttributes } from "../../tensor/batch_norm.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runFeatures } from "./features.ts";
import { floatBits } from "./float_bits.ts";

/** WGSL: one over the deviation of feature `c`. */
export const INVERSE = "inverseSqrt(variance[c] + bitcast<f32>(uniforms.epsilon))";

/** What is normalized, and by what. */
export type NormalizeInputs = Readonly<
  Record<"x" | "scale" | "shift" | "mean" | "variance", tf.TensorInfo>
>;

/**
 * Normalizes numbers by given statistics.
 *
 * @param software whether the adapter computes on the CPU
 * @param inputs numbers, scale, shift, mean, variance
 */
export function normalizeBy(
  backend: GuardedBackend,
  software: boolean,
  { x, ...features }: NormalizeInputs,
  epsilon: number,
): tf.TensorInfo {
  return runFeatures(backend, software, {
    operation: "Normalize",
    inputs: { x },
    features,
    uniforms: { epsilon: floatBits(epsilon) },
    // The mean is taken off first: scale · x alone may be so large that the difference is lost.
    once: { middle: "mean[c]", factor: `scale[c] * ${INVERSE}`, base: "shift[c]" },
    text: "y = (x - middle) * factor + base;",
  });
}

/**
 * The kernel function of normalizing by given statistics.
 *
 * @param software whether the adapter computes on the CPU
 */
export function normalize(software: boolean): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { epsilon } = attrs as unknown as NormalizeAttributes;
    const given = inputs as unknown as NormalizeInputs;
    return normalizeBy(backend as GuardedBackend, software, given, epsilon);
  };
}
