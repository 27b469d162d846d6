// Uniform random numbers on the GPU: each invocation draws the random word of its own element.
import type { tf } from "../../tensor/tf.ts";
import type { RandomAttributes } from "../../tensor/random_tensors.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { THREEFRY } from "./threefry_text.ts";

const FUNCTIONS = `${THREEFRY}
fn unit_of(i: u32) -> f32 {
  return f32(word_of(vec2<u32>(uniforms.key0, uniforms.key1), i) >> 8u) / 16777216.0;
}`;

/** The kernel function of uniform numbers, the same for any adapter. */
export function uniform(): tf.KernelConfig["kernelFunc"] {
  return ({ attrs, backend }) => {
    const { key, shape } = attrs as unknown as RandomAttributes;
    const wide = shape.reduce((product, size) => product * size, 1) % 4 === 0;
    return runElementwise(backend as GuardedBackend, {
      operation: "Uniform",
      variant: "threefry",
      results: ["y"],
      inputs: {},
      key,
      functions: () => FUNCTIONS,
      text: wide
        ? "y = vec4<f32>(unit_of(index), unit_of(index + 1u), unit_of(index + 2u), unit_of(index + 3u));"
        : "y = unit_of(index);",
      shape,
    })[0]!;
  };
}
